import type { Attributes, Calls, Guard, Outcome } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { TEMPORAL_ACTIVITY } from '../../../semconv/temporal.js';
import { type Headers, traceHeadersIn } from '../header.js';
import { isOfficial } from '../official.js';
import { outcomeOfAttempt } from '../outcome.js';
import { track } from '../track.js';
import type { ActivitiesInFlight } from './in-flight.js';

/** What Temporal knows of an activity. Timestamps are milliseconds since 1970; 0 means that there is none. */
interface ActivityInfo {
  readonly activityId: string;
  readonly activityType: string;
  readonly attempt: number;
  readonly isLocal: boolean;
  readonly namespace?: string;
  readonly activityNamespace?: string;
  readonly taskQueue: string;
  readonly workflowType?: string;
  readonly workflowExecution?: { readonly workflowId: string; readonly runId: string };
  readonly scheduledTimestampMs: number;
  readonly currentAttemptScheduledTimestampMs: number;
  readonly startToCloseTimeoutMs?: number;
  readonly scheduleToCloseTimeoutMs?: number;
}

interface Activity {
  readonly info: ActivityInfo;
  /** The registered function. A `MockActivityEnvironment` has none. */
  readonly fn: unknown;
  readonly context: { readonly cancellationSignal: AbortSignal };
  readonly interceptors: { readonly inbound: readonly object[] };
}

type Execute = (
  this: Activity,
  fn: { readonly name?: string },
  input: { readonly headers?: Headers },
) => Promise<unknown>;

/** Opens a call for each attempt of an activity, local or not. Calls that the activity makes are its children. */
export function observeActivities(
  prototype: object,
  inFlight: ActivitiesInFlight,
  calls: Calls,
  guard: Guard,
): void {
  const open = guard((activity: Activity, type: string, headers: Headers | undefined) => {
    const { info, interceptors } = activity;
    const now = Date.now();
    const deadline = deadlineOf(info, now);
    return calls.open({
      kind: 'consumer',
      convention: TEMPORAL_ACTIVITY,
      route: `RunActivity:${type}`,
      extractFrom: traceHeadersIn(headers),
      traced: !interceptors.inbound.some(isOfficial),
      deadline,
      attributes: {
        'temporal.namespace': info.namespace ?? info.activityNamespace,
        'temporal.task_queue': info.taskQueue,
        'temporal.local': info.isLocal,
      },
      spanAttributes: () => spanAttributes(info, now, deadline),
    });
  });
  patch<Execute>(
    prototype,
    'execute',
    (execute) =>
      function (fn, input) {
        const { taskQueue } = this.info;
        const type = typeOf(this, fn);
        const outcome = (error: unknown): Outcome =>
          outcomeOfAttempt(error, this.context.cancellationSignal.aborted);
        inFlight.begin(taskQueue, type);
        const end = (): void => inFlight.end(taskQueue, type);
        const call = open(this, type, input.headers);
        const running = track(call, guard, execute as never, this, [fn, input], outcome);
        running.then(end, end);
        return running as Promise<unknown>;
      },
  );
}

/** In unit tests, an activity has only the name of its function. */
function typeOf({ info, fn: registered }: Activity, fn: { readonly name?: string }): string {
  const { activityType } = info;
  return registered === undefined && activityType === 'unknown' ? fn.name || activityType : activityType;
}

function spanAttributes(info: ActivityInfo, now: number, deadline: number | undefined): Attributes {
  return {
    'temporal.activity_type': info.activityType,
    'temporal.activity_id': info.activityId,
    'temporal.attempt': info.attempt,
    'temporal.workflow_type': info.workflowType,
    'temporal.workflow_id': info.workflowExecution?.workflowId,
    'temporal.run_id': info.workflowExecution?.runId,
    'temporal.schedule_to_start_ms': Math.max(0, now - info.currentAttemptScheduledTimestampMs),
    'temporal.deadline_ms': deadline === undefined ? undefined : deadline - now,
  };
}

/** When Temporal times the attempt out, in milliseconds since 1970. */
function deadlineOf(info: ActivityInfo, now: number): number | undefined {
  const ends = [];
  if (info.startToCloseTimeoutMs) ends.push(now + info.startToCloseTimeoutMs);
  if (info.scheduleToCloseTimeoutMs) ends.push(info.scheduledTimestampMs + info.scheduleToCloseTimeoutMs);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

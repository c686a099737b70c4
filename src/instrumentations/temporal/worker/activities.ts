import type { Attributes, Calls, Guard, Outcome } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { OTHER } from '../../../semconv/convention.js';
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
  fn: { readonly name?: string } | undefined,
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
    const deadline = isMocked(activity) ? undefined : deadlineOf(info, now);
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
      spanAttributes: () => spanAttributes(activity, now, deadline),
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

/** The names that a worker has for its activities, by the function that it runs for every other name. */
const NAMES = new WeakMap<object, Names>();

type Names = Pick<ReadonlyMap<string, unknown>, 'has' | 'get'>;

/** Remembers the activities of a worker. Callers choose the names of those that only its default activity handles. */
export function addActivityNames(names: Names | undefined): void {
  const fallback = names?.get('default');
  if (names !== undefined && typeof fallback === 'function') NAMES.set(fallback, names);
}

/** In a unit test, an activity has no times of its own: it was scheduled in 1970. */
function isMocked({ fn }: Activity): boolean {
  return fn === undefined;
}

/** In a unit test, an activity has only the name of its function. */
function typeOf(activity: Activity, fn: { readonly name?: string } | undefined): string {
  const { activityType } = activity.info;
  if (isMocked(activity)) return activityType === 'unknown' ? fn?.name || activityType : activityType;
  return NAMES.get(activity.fn as object)?.has(activityType) === false ? OTHER : activityType;
}

function spanAttributes(activity: Activity, now: number, deadline: number | undefined): Attributes {
  const { info } = activity;
  const waited = Math.max(0, now - info.currentAttemptScheduledTimestampMs);
  return {
    'temporal.activity_type': info.activityType,
    'temporal.activity_id': info.activityId,
    'temporal.attempt': info.attempt,
    'temporal.workflow_type': info.workflowType,
    'temporal.workflow_id': info.workflowExecution?.workflowId,
    'temporal.run_id': info.workflowExecution?.runId,
    'temporal.schedule_to_start_ms': isMocked(activity) ? undefined : waited,
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

import { propertyOf } from '../../../semconv/property.js';
import type { Closing, Look, OpenRun } from './open-runs.js';

/** The requests that look at a run. */
export interface WorkflowService {
  describeWorkflowExecution(request: Request): Promise<{
    readonly workflowExecutionInfo?: {
      readonly status?: number | null;
      readonly closeTime?: { readonly seconds?: unknown; readonly nanos?: number | null } | null;
    } | null;
  }>;
  getWorkflowExecutionHistoryReverse(request: Request & { readonly maximumPageSize: number }): Promise<{
    readonly history?: {
      readonly events?:
        | readonly {
            readonly workflowTaskCompletedEventAttributes?: { readonly startedEventId?: unknown } | null;
          }[]
        | null;
    } | null;
  }>;
}

interface Request {
  readonly namespace: string;
  readonly execution: { readonly workflowId: string; readonly runId: string };
}

/** `temporal.api.enums.v1.WorkflowExecutionStatus` */
const RUNNING = 1;
const CLOSED_BY_SERVICE: Readonly<Record<number, Closing['by']>> = { 5: 'terminated', 7: 'timed_out' };

/** Between the last task of a run and its end are hardly more events. */
const PAGE = 100;

const NOT_FOUND = 5;
/** Looking again has no use. */
const REFUSALS = new Set<unknown>([7, 12, 16]);

export interface Looking {
  /** Absent without a connection that can be asked. */
  service(): WorkflowService | undefined;
  /** The service has accepted the task of the run that began with this event, and no later one. */
  settle(runId: string, lastTask: number): void;
  /** The service does not let the worker look. */
  onRefusal(error: unknown): void;
}

/** Asks the service about runs. A run that has gone on in another worker is told there. */
export function createLook({ service, settle, onRefusal }: Looking): Look {
  let isRefused = false;

  async function look(run: OpenRun, asked: WorkflowService): Promise<Closing | undefined> {
    const { namespace, workflowId, runId } = run.info;
    const request = { namespace, execution: { workflowId, runId } };
    const { workflowExecutionInfo } = await asked.describeWorkflowExecution(request);
    const { status, closeTime } = workflowExecutionInfo ?? {};
    if (status == null || status === RUNNING) return undefined;
    const by = CLOSED_BY_SERVICE[status];
    const at = millisecondsOf(closeTime);
    if (by === undefined) return { by, at };
    const { history } = await asked.getWorkflowExecutionHistoryReverse({ ...request, maximumPageSize: PAGE });
    const last = history?.events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
    const lastTask = Number(last?.workflowTaskCompletedEventAttributes?.startedEventId ?? 0);
    settle(runId, lastTask);
    return { by: lastTask <= run.info.historyLength ? by : undefined, at };
  }

  return async (run) => {
    const asked = isRefused ? undefined : service();
    if (asked === undefined) return undefined;
    try {
      return await look(run, asked);
    } catch (error) {
      const code = propertyOf(error, 'code');
      if (REFUSALS.has(code)) {
        isRefused = true;
        onRefusal(error);
      }
      // The service keeps closed runs for a while only.
      return code === NOT_FOUND ? { by: undefined, at: Date.now() } : undefined;
    }
  };
}

function millisecondsOf(
  time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined,
): number {
  return time == null ? Date.now() : Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}

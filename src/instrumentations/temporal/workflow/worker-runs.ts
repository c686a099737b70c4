import type { Calls } from '../../../instrumentation.js';
import { onTermination } from '../terminations.js';
import { createLook, type WorkflowService } from './closed-run.js';
import { HeldReports } from './held-reports.js';
import { type Closing, type Look, type OpenRun, OpenRuns, type WorkflowInfo } from './open-runs.js';
import type { Conclusion, Ended } from './sandbox.js';
import type { TaskObserver } from './workflow-tasks.js';

interface Report {
  readonly info: WorkflowInfo;
  readonly conclusion: Conclusion;
}

/** A worker. Since 1.12 its connection can be asked. Its client could not: making one calls plugins of the application. */
export interface AskingWorker {
  readonly connection?: {
    readonly workflowService?: WorkflowService;
    withDeadline?<R>(deadline: number, fn: () => Promise<R>): Promise<R>;
  };
}

/** Of runs that the service has closed. A task that was under way then ends a moment later. */
const MAX_CLOSED = 1_000;

/** The process may be about to end, and a pending request would keep it. */
const LOOK_TIMEOUT_MS = 1_000;

type Tell = (info: WorkflowInfo, operation: Ended) => void;

type ClosedBy = NonNullable<Closing['by']>;

const ERRORS: Readonly<Record<ClosedBy, Ended['error']>> = {
  terminated: { type: 'TerminatedFailure', message: 'Workflow execution terminated' },
  timed_out: { type: 'TimeoutFailure', message: 'Workflow execution timed out' },
};

/** What the workflows of a worker do, told when the service has accepted it, and when it has closed a run itself. */
export class WorkerRuns implements TaskObserver {
  /** Known from its first task on. */
  worker: AskingWorker | undefined;
  readonly #tell: Tell;
  readonly #held: HeldReports<Report>;
  readonly #open: OpenRuns;
  readonly #closed = new Set<string>();
  readonly #forgetTerminations: () => void;

  constructor(tell: Tell, calls: Calls) {
    this.#tell = tell;
    this.#held = new HeldReports((report) => this.#accept(report));
    const look = createLook({
      service: () => this.worker?.connection?.workflowService,
      settle: (runId, lastTask) => this.#held.settle(runId, lastTask),
      onRefusal: (error) =>
        calls.warn(
          `temporal-worker: runs that the service closes itself are not counted, because it does not describe them (${error})`,
        ),
    });
    const lookInTime: Look = async (run) =>
      this.worker?.connection?.withDeadline?.(Date.now() + LOOK_TIMEOUT_MS, () => look(run));
    this.#open = new OpenRuns(
      (run) => calls.asOwnTraffic(() => lookInTime(run)),
      (run, by, at) => this.#close(run, by, at),
    );
    this.#forgetTerminations = onTermination((terminated) => this.#open.terminated(terminated));
  }

  hold(info: WorkflowInfo, conclusion: Conclusion): void {
    this.#held.hold(info.runId, { info, conclusion }, info.historyLength, conclusion.isTaskOpen);
  }

  activate(runId: string, historyLength: number): void {
    this.#held.activate(runId, historyLength);
  }

  answer(runId: string): void {
    this.#held.answer(runId);
  }

  accept(runId: string): void {
    this.#held.accept(runId);
  }

  discard(runId: string): void {
    this.#held.discard(runId);
    this.#open.suspect(runId);
  }

  stop(): void {
    void this.#open.stop();
  }

  close(): void {
    this.#held.close();
    this.#forgetTerminations();
    void this.#open.stop();
  }

  /** A task that the service did not take any more, because it had closed the run, would tell the run again. */
  #accept({ info, conclusion }: Report): void {
    if (this.#closed.has(info.runId)) return;
    for (const operation of conclusion.ended) this.#tell(info, operation);
    this.#open.update(info, conclusion);
  }

  #close({ info, operations }: OpenRun, by: ClosedBy, endedAt: number): void {
    this.#closed.add(info.runId);
    const [oldest] = this.#closed;
    if (this.#closed.size > MAX_CLOSED && oldest !== undefined) this.#closed.delete(oldest);
    for (const operation of operations.values()) {
      const outcome =
        operation.name === 'RunWorkflow'
          ? { status: by, error: ERRORS[by] }
          : { status: 'unfinished', error: undefined };
      this.#tell(info, { ...operation, ...outcome, endedAt });
    }
  }
}

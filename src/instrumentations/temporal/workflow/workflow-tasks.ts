import type { Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import type { HeldReports } from './held-reports.js';

interface Activation {
  readonly runId: string;
  readonly historyLength?: number;
  readonly jobs: readonly Job[];
}

interface Job {
  readonly removeFromCache?: { readonly reason?: number | null } | null;
  readonly queryWorkflow?: object | null;
}

interface Task {
  readonly activation: Activation;
  /** The worker evicts the run itself, because it shuts down. */
  readonly synthetic: boolean;
}

type HandleActivation = (this: Worker, workflow: unknown, task: Task) => unknown;
type Complete = (this: unknown, completion: Uint8Array | ArrayBuffer, ...rest: unknown[]) => Promise<unknown>;
type Run = (this: Worker) => Promise<void>;

export interface Worker {
  readonly nativeWorker: object;
}

/**
 * The reasons of an eviction after which what the run did before holds: the cache is full, the run was not in it, the
 * worker asked for it, or the run has ended. The others follow on a task that failed or was refused.
 */
const HARMLESS = new Set([1, 2, 5, 10]);

/** Follows the workflow tasks of workers, and lets go of what is held when the service has accepted a task. */
export function observeWorkflowTasks(
  prototype: object,
  reportsOf: (worker: Worker) => HeldReports<unknown> | undefined,
  guard: Guard,
): void {
  const watched = new WeakSet<object>();

  const watchAnswers = (nativeWorker: object, reports: HeldReports<unknown>): void => {
    if (watched.has(nativeWorker)) return;
    watched.add(nativeWorker);
    const answer = guard((completion: Uint8Array | ArrayBuffer) => reports.answer(runIdOf(completion)));
    patch<Complete>(
      nativeWorker,
      'completeWorkflowActivation',
      (complete) =>
        function (completion, ...rest) {
          const answering = complete.call(this, completion, ...rest);
          answering.then(
            () => answer(completion),
            () => {},
          );
          return answering;
        },
    );
  };

  const follow = guard((worker: Worker, { activation, synthetic }: Task) => {
    const reports = reportsOf(worker);
    if (reports === undefined || synthetic) return;
    watchAnswers(worker.nativeWorker, reports);
    const { runId, jobs, historyLength = 0 } = activation;
    const eviction = jobs.find(({ removeFromCache }) => removeFromCache != null)?.removeFromCache;
    if (eviction == null) {
      if (jobs.some(({ queryWorkflow }) => queryWorkflow == null)) reports.activate(runId, historyLength);
    } else if (HARMLESS.has(eviction.reason ?? 0)) reports.accept(runId);
    else reports.discard(runId);
  });
  const close = guard((worker: Worker) => reportsOf(worker)?.close());

  patch<HandleActivation>(
    prototype,
    'handleActivation',
    (handleActivation) =>
      function (workflow, task) {
        follow(this, task);
        return handleActivation.call(this, workflow, task);
      },
  );
  patch<Run>(
    prototype,
    'run',
    (run) =>
      function () {
        const running = run.call(this);
        const end = (): void => void close(this);
        running.then(end, end);
        return running;
      },
  );
}

/** A completion is length-delimited. Its first field is the id of the run. */
function runIdOf(completion: Uint8Array | ArrayBuffer): string {
  const bytes = ArrayBuffer.isView(completion) ? completion : new Uint8Array(completion);
  let at = 0;
  while ((bytes[at] as number) > 127) at += 1;
  const start = at + 3;
  return Buffer.from(bytes.subarray(start, start + (bytes[at + 2] as number))).toString('latin1');
}

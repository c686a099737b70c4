import type { Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';

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

type Shutdown = (this: Worker) => void;

export interface Worker {
  readonly nativeWorker: object;
}

/** What becomes of the workflow tasks of a worker. */
export interface TaskObserver {
  /** An activation begins. `historyLength` is the number of events until then. */
  activate(runId: string, historyLength: number): void;
  /** The core has answered the service. */
  answer(runId: string): void;
  /** The service has accepted the last task of the run. */
  accept(runId: string): void;
  /** The last task of the run has failed or was refused. */
  discard(runId: string): void;
  /** The worker has been asked to stop. */
  stop(): void;
  /** The worker has stopped. */
  close(): void;
}

/**
 * The reasons of an eviction after which what the run did before holds: the cache is full, the run was not in it, the
 * worker asked for it, or the run has ended. The others follow on a task that failed or was refused.
 */
const HARMLESS = new Set([1, 2, 5, 10]);

/** Follows the workflow tasks of workers. */
export function observeWorkflowTasks(
  prototype: object,
  observerOf: (worker: Worker) => TaskObserver | undefined,
  guard: Guard,
): void {
  const watched = new WeakSet<object>();

  const watchAnswers = (nativeWorker: object, observer: TaskObserver): void => {
    if (watched.has(nativeWorker)) return;
    watched.add(nativeWorker);
    const answer = guard((completion: Uint8Array | ArrayBuffer) => observer.answer(runIdOf(completion)));
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
    const observer = observerOf(worker);
    if (observer === undefined || synthetic) return;
    watchAnswers(worker.nativeWorker, observer);
    const { runId, jobs, historyLength = 0 } = activation;
    const eviction = jobs.find(({ removeFromCache }) => removeFromCache != null)?.removeFromCache;
    if (eviction == null) {
      if (jobs.some(({ queryWorkflow }) => queryWorkflow == null)) observer.activate(runId, historyLength);
    } else if (HARMLESS.has(eviction.reason ?? 0)) observer.accept(runId);
    else observer.discard(runId);
  });
  const stop = guard((worker: Worker) => observerOf(worker)?.stop());
  const close = guard((worker: Worker) => observerOf(worker)?.close());

  patch<HandleActivation>(
    prototype,
    'handleActivation',
    (handleActivation) =>
      function (workflow, task) {
        follow(this, task);
        return handleActivation.call(this, workflow, task);
      },
  );
  patch<Shutdown>(
    prototype,
    'shutdown',
    (shutdown) =>
      function () {
        shutdown.call(this);
        stop(this);
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

/** What is known of a run's last workflow task. */
interface Task<R> {
  readonly reports: R[];
  historyLength: number;
  /** The task goes on: the core has not sent it to the service yet. */
  isOpen: boolean;
  /** When the core had answered the service, on the clock of `performance`. */
  answeredAt: number | undefined;
}

/** If the service refuses an answer, the core evicts the run at once. That long after it, it has not been refused. */
const SETTLE_MS = 200;

/**
 * Holds back what a workflow task did until the service has accepted the task. A task that fails, times out or is
 * overtaken by a signal is run again and reports everything again.
 */
export class HeldReports<R> {
  readonly #tell: (report: R) => void;
  readonly #tasks = new Map<string, Task<R>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (report: R) => void) {
    this.#tell = tell;
  }

  /** An activation reports. A workflow task has several of them if it runs local activities. */
  hold(runId: string, report: R, historyLength: number, isOpen: boolean): void {
    const task = this.#tasks.get(runId) ?? { reports: [], historyLength, isOpen, answeredAt: undefined };
    this.#tasks.set(runId, task);
    task.reports.push(report);
    task.historyLength = historyLength;
    task.isOpen = isOpen;
  }

  /** Another activation begins. If the history has grown, the task before has been accepted. */
  activate(runId: string, historyLength: number): void {
    const task = this.#tasks.get(runId);
    if (task === undefined) return;
    if (historyLength > task.historyLength) this.accept(runId);
    else task.answeredAt = undefined;
  }

  /** The core has answered the service. */
  answer(runId: string): void {
    const task = this.#tasks.get(runId);
    if (task === undefined || task.isOpen) return;
    task.answeredAt = performance.now();
    this.#settleLater();
  }

  accept(runId: string): void {
    const task = this.#tasks.get(runId);
    this.#tasks.delete(runId);
    task?.reports.forEach(this.#tell);
  }

  /** The run is closed. The service has accepted the task with this length of the history, and no later one. */
  settle(runId: string, lastTask: number): void {
    const task = this.#tasks.get(runId);
    if (task !== undefined && task.historyLength <= lastTask) this.accept(runId);
    else this.discard(runId);
  }

  discard(runId: string): void {
    this.#tasks.delete(runId);
  }

  /** The worker has stopped. Nothing will be refused any more. */
  close(): void {
    this.#acceptUntil(Infinity);
    this.#tasks.clear();
  }

  #settleLater(): void {
    this.#timer ??= setTimeout(() => {
      const until = performance.now() - SETTLE_MS;
      // An eviction that arrived while the event loop was blocked is read after the timers.
      setImmediate(() => {
        this.#timer = undefined;
        this.#acceptUntil(until);
      });
    }, SETTLE_MS).unref();
  }

  #acceptUntil(until: number): void {
    let isWaiting = false;
    for (const [runId, { answeredAt }] of this.#tasks) {
      if (answeredAt === undefined) continue;
      if (answeredAt <= until) this.accept(runId);
      else isWaiting = true;
    }
    if (isWaiting) this.#settleLater();
  }
}

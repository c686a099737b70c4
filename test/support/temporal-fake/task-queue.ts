/** Hands a task to a poller. Returns `undefined` if the task no longer exists. */
type Take<Task> = (identity: string) => Task | undefined;

interface Poller<Task> {
  identity: string;
  give(task: Task): void;
}

/** The offered tasks, in order, and the pollers that wait for one. */
class TaskQueue<Task> {
  readonly #offers: Take<Task>[] = [];
  readonly #pollers = new Set<Poller<Task>>();

  offer(take: Take<Task>): void {
    this.#offers.push(take);
    this.#match();
  }

  /** Waits for a task. Resolves with an empty one when the poller stops waiting. */
  poll(identity: string, signal: AbortSignal): Promise<Task | Record<string, never>> {
    return new Promise((resolve) => {
      const poller = { identity, give: resolve };
      this.#pollers.add(poller);
      signal.addEventListener('abort', () => {
        this.#pollers.delete(poller);
        resolve({});
      });
      this.#match();
    });
  }

  #match(): void {
    for (const poller of this.#pollers) {
      const task = this.#next(poller.identity);
      if (task === undefined) return;
      this.#pollers.delete(poller);
      poller.give(task);
    }
  }

  #next(identity: string): Task | undefined {
    for (let take = this.#offers.shift(); take !== undefined; take = this.#offers.shift()) {
      const task = take(identity);
      if (task !== undefined) return task;
    }
    return undefined;
  }
}

/** Task queues by name, each created at its first use. */
export class TaskQueues<Task> {
  readonly #queues = new Map<string, TaskQueue<Task>>();

  of(name: string): TaskQueue<Task> {
    const known = this.#queues.get(name) ?? new TaskQueue<Task>();
    this.#queues.set(name, known);
    return known;
  }
}

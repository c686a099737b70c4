import { randomUUID } from 'node:crypto';
import { notFound } from './status.js';

/** The tasks that workers hold, by the token with which they answer. */
export class Tokens<Task> {
  readonly #tasks = new Map<string, Task>();

  issue(task: Task): Uint8Array {
    const token = randomUUID();
    this.#tasks.set(token, task);
    return Buffer.from(token);
  }

  find(token: Uint8Array): Task {
    const task = this.#tasks.get(Buffer.from(token).toString());
    if (task === undefined) throw notFound('task');
    return task;
  }

  /** Makes a later answer with this token fail. */
  withdraw(token: Uint8Array): void {
    this.#tasks.delete(Buffer.from(token).toString());
  }
}

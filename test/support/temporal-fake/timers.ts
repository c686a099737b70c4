// Imported, because tests fake the global timers while those of the service must keep running.
import { clearTimeout, setTimeout } from 'node:timers';

/** The timers of the service, which end with it. */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>();

  /** Returns a function that cancels the timer. */
  after(ms: number, action: () => void): () => void {
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      action();
    }, ms);
    this.#running.add(timer);
    return () => {
      this.#running.delete(timer);
      clearTimeout(timer);
    };
  }

  stop(): void {
    for (const timer of this.#running) clearTimeout(timer);
  }
}

import type { QueuedSpan } from './encoding/encode-spans.js';

/** Spans that are sent together. */
export interface Batch {
  readonly spans: readonly QueuedSpan[];
  /** How often they were sent without success, in this batch or in the one that it is a part of. */
  attempts: number;
  /** How many batches had been delivered when it was last sent. */
  deliveriesBefore: number;
  /** When it may be sent again, by the clock of `performance.now()`. */
  dueAt: number;
}

/** The batches that have left the queue and that the receiver has not acknowledged, oldest first. */
export class Batches {
  readonly #all: Batch[] = [];
  #size = 0;

  /** The number of spans. */
  get size(): number {
    return this.#size;
  }

  get spans(): QueuedSpan[] {
    return this.#all.flatMap((batch) => batch.spans);
  }

  /** When the first of them may be sent. */
  get dueAt(): number {
    return Math.min(...this.#all.map((batch) => batch.dueAt));
  }

  add(spans: readonly QueuedSpan[]): Batch {
    const batch = { spans, attempts: 0, deliveriesBefore: 0, dueAt: 0 };
    this.#all.push(batch);
    this.#size += spans.length;
    return batch;
  }

  remove(batch: Batch): void {
    this.#all.splice(this.#all.indexOf(batch), 1);
    this.#size -= batch.spans.length;
  }

  /** Divides a batch and returns the part with its first `count` spans. */
  split(batch: Batch, count: number): Batch {
    const first = { ...batch, spans: batch.spans.slice(0, count) };
    const rest = { ...batch, spans: batch.spans.slice(count) };
    this.#all.splice(this.#all.indexOf(batch), 1, first, rest);
    return first;
  }

  /** The oldest one that may be sent. */
  due(now: number): Batch | undefined {
    return this.#all.find(({ dueAt }) => dueAt <= now);
  }

  /** The oldest one of those with the fewest attempts. */
  get leastTried(): Batch | undefined {
    const fewest = Math.min(...this.#all.map(({ attempts }) => attempts));
    return this.#all.find(({ attempts }) => attempts === fewest);
  }
}

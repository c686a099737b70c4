import { randomFillSync } from 'node:crypto';
import type { IdGenerator } from '@opentelemetry/sdk-trace';

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
/** Random bytes cost little each when they are fetched many at a time. */
const POOL_BYTES = 4096;

/** Ids of traces and spans in lower-case hex, from the system's source of randomness. */
export class RandomIds implements IdGenerator {
  readonly #bytes = Buffer.alloc(POOL_BYTES);
  #digits = '';
  #next = 0;

  generateTraceId = (): string => this.#take(TRACE_ID_DIGITS);

  generateSpanId = (): string => this.#take(SPAN_ID_DIGITS);

  #take(count: number): string {
    if (this.#next + count > this.#digits.length) {
      this.#digits = randomFillSync(this.#bytes).toString('hex');
      this.#next = 0;
    }
    this.#next += count;
    const id = this.#digits.slice(this.#next - count, this.#next);
    return INVALID.test(id) ? this.#take(count) : id;
  }
}

/** All zeros mean that there is no id. */
const INVALID = /^0+$/;

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

/** The ids of a span that has them already. */
export class GivenIds implements IdGenerator {
  #given: Ids | undefined;

  /** Runs `start`, which starts a span, with these ids. */
  give<R>(ids: Ids, start: () => R): R {
    this.#given = ids;
    try {
      return start();
    } finally {
      this.#given = undefined;
    }
  }

  generateTraceId = (): string => this.#given?.traceId ?? '';

  generateSpanId = (): string => this.#given?.spanId ?? '';
}

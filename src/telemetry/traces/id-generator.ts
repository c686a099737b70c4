import type { IdGenerator } from '@opentelemetry/sdk-trace';

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
/** Digits cost little each when they are made many at a time. */
const POOL_NUMBERS = 1024;
const NUMBERS = 2 ** 32;

/**
 * Ids of traces and spans in lower-case hex. `Math.random` is seeded by the system and is what OpenTelemetry's own ids
 * come from; they have to differ, not to be secret. To load node:crypto takes Node 6 ms of a start.
 */
export class RandomIdGenerator implements IdGenerator {
  readonly #numbers = new Uint32Array(POOL_NUMBERS);
  #digits = '';
  #next = 0;

  generateTraceId = (): string => this.#take(TRACE_ID_DIGITS);

  generateSpanId = (): string => this.#take(SPAN_ID_DIGITS);

  #take(count: number): string {
    if (this.#next + count > this.#digits.length) {
      for (let i = 0; i < POOL_NUMBERS; i += 1) this.#numbers[i] = Math.random() * NUMBERS;
      this.#digits = Buffer.from(this.#numbers.buffer).toString('hex');
      this.#next = 0;
    }
    this.#next += count;
    const id = this.#digits.slice(this.#next - count, this.#next);
    return id.charCodeAt(0) === ZERO && INVALID.test(id) ? this.#take(count) : id;
  }
}

/** All zeros mean that there is no id. */
const INVALID = /^0+$/;
const ZERO = '0'.charCodeAt(0);

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

/** The ids of a span that has them already. */
export class PresetIdGenerator implements IdGenerator {
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

import type { SpanContext } from '@opentelemetry/api';
import type { IdGenerator } from '@opentelemetry/sdk-trace';
import { isSampled } from './sampled.js';

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
/** Generating many digits at a time makes each of them cheap. */
const POOL_NUMBERS = 1024;
const NUMBERS = 2 ** 32;

/**
 * Random trace and span ids in lower-case hex. Ids must be unique, not secret, so `Math.random` is enough; the
 * OpenTelemetry SDK uses it too. Loading node:crypto would add 6 ms to the start.
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

/** An id of zeros is invalid. */
const INVALID = /^0+$/;
const ZERO = '0'.charCodeAt(0);

/** Gives the next span ids that are already known. */
export class PresetIdGenerator implements IdGenerator {
  #preset: SpanContext | undefined;

  /** Runs `start`. The span that it starts has these ids. */
  withIds<R>(preset: SpanContext, start: () => R): R {
    this.#preset = preset;
    try {
      return start();
    } finally {
      this.#preset = undefined;
    }
  }

  /** Whether the span that is being started is sampled. */
  get isSampled(): boolean {
    return this.#preset !== undefined && isSampled(this.#preset);
  }

  generateTraceId = (): string => this.#preset?.traceId ?? '';

  generateSpanId = (): string => this.#preset?.spanId ?? '';
}

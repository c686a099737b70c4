import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace';

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

/** Random ids, except for a span whose ids were made elsewhere. */
export class GivenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #given: Ids | undefined;

  /** Runs `start`, which starts a span, with these ids; random ones when there are none. */
  give<R>(ids: Ids | undefined, start: () => R): R {
    this.#given = ids;
    try {
      return start();
    } finally {
      this.#given = undefined;
    }
  }

  generateTraceId = (): string => this.#given?.traceId ?? this.#random.generateTraceId();

  generateSpanId = (): string => this.#given?.spanId ?? this.#random.generateSpanId();
}

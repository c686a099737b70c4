import type { SpanContext } from '@opentelemetry/api';

/** As many as the SDK keeps of a span. */
const MAX_LINKS = 128;

/** The spans that a call is related to without being inside them, each once. */
export class Links {
  /** Of those beyond the limit, how many there were. They are counted without a look at them. */
  dropped = 0;
  readonly #spans = new Map<string, SpanContext>();

  add(span: SpanContext): void {
    if (this.#spans.has(span.spanId)) return;
    if (this.isFull) this.dropped += 1;
    else this.#spans.set(span.spanId, span);
  }

  get isFull(): boolean {
    return this.#spans.size >= MAX_LINKS;
  }

  get size(): number {
    return this.#spans.size;
  }

  /** In the order in which they were added. */
  get spans(): SpanContext[] {
    return [...this.#spans.values()];
  }
}

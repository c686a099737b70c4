import { INVALID_SPAN_CONTEXT, type Span, type SpanContext, trace } from '@opentelemetry/api';
import type { CallObserver, CallRecord } from '../../calls/observer.js';
import { setLabel, setLabels } from './labels-by-api.js';

/** The span of a call that is counted but not recorded. It only passes on the labels that the application sets. */
export class UnrecordedSpan implements Span {
  readonly #call: CallRecord;
  readonly #context: SpanContext;

  constructor(call: CallRecord, context: SpanContext) {
    this.#call = call;
    this.#context = context;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return false;
  }

  setAttribute(...[name, value]: Parameters<Span['setAttribute']>): this {
    setLabel(this.#call, name, value);
    return this;
  }

  setAttributes(...[attributes]: Parameters<Span['setAttributes']>): this {
    setLabels(this.#call, attributes);
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  recordException(): void {}

  end(): void {}
}

/** Where no spans are made, the application still reaches its calls by the API. Ids pass through unchanged. */
export const unrecordedSpans: CallObserver = {
  start: (call, parent) =>
    call.traced ? new UnrecordedSpan(call, trace.getSpanContext(parent) ?? INVALID_SPAN_CONTEXT) : undefined,
  end() {},
};

import type { Attributes, Exception, Span, SpanContext, SpanStatus } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import type { Call } from '../instrumentation.js';

/** A Call to a database, as an instrumentation of OpenTelemetry sees it. */
export class DatabaseSpan implements Span {
  readonly #call: Call;
  readonly #spanContext: SpanContext;
  #operation: unknown;
  #collection: unknown;
  #error: unknown;

  constructor(call: Call, spanContext: SpanContext) {
    this.#call = call;
    this.#spanContext = spanContext;
  }

  spanContext(): SpanContext {
    return this.#spanContext;
  }

  setAttribute(name: string, value: unknown): this {
    return this.setAttributes({ [name]: value } as Attributes);
  }

  /** Takes the labels. Others may hold what the application has stored: the text of a query, a key. */
  setAttributes(attributes: Attributes): this {
    for (const name of this.#call.convention.labels) {
      const value = attributes[name];
      if (typeof value === 'string' || typeof value === 'number') this.#call.set({ [name]: value });
    }
    this.#operation = attributes['db.operation.name'] ?? this.#operation;
    this.#collection = attributes['db.collection.name'] ?? this.#collection;
    const summary = [this.#operation, this.#collection].filter((part) => typeof part === 'string');
    if (summary.length > 0) this.#call.name(summary.join(' '));
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

  setStatus({ code, message }: SpanStatus): this {
    if (code === SpanStatusCode.ERROR) this.#error ??= message ?? 'error';
    return this;
  }

  /** The call is named by its attributes. */
  updateName(): this {
    return this;
  }

  recordException(exception: Exception): void {
    this.#error = exception;
  }

  isRecording(): boolean {
    return true;
  }

  end(): void {
    this.#call.end(this.#error === undefined ? {} : { error: this.#error });
  }
}

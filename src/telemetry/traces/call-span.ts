import {
  type Context,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import { hrTimeDuration, type InstrumentationScope, millisToHrTime } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import type { CallRecord } from '../../calls/observer.js';
import type { Attributes, CallKind, CallStart } from '../../instrumentation.js';
import { reason } from '../../log.js';

const KINDS: Record<CallKind, SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export function kindOf({ kind }: CallRecord): SpanKind {
  return KINDS[kind];
}

export function nameOf({ convention, operation, route }: CallRecord): string {
  return convention.spanName(operation, route);
}

/** What all spans of calls have in common. */
export interface CallSpanOrigin {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /** Starts the SDK's own span with the same ids, start and attributes as this one. */
  startSdkSpan(span: CallSpan, parent: Context): Span;
}

/**
 * The span of a call: a view of the call's record, with nothing of its own but its place in the trace. As soon as the
 * application adds something to it, the SDK's span takes its place, with all that a span can do.
 */
export class CallSpan implements Span, ReadableSpan {
  readonly call: CallRecord;
  readonly parentSpanContext?: SpanContext;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The attributes that are no labels. */
  readonly ownAttributes: Attributes | undefined;
  /** The attributes that it has in common with other spans. */
  readonly sharedAttributes: Attributes | undefined;
  ended = false;
  readonly #context: SpanContext;
  readonly #parent: Context;
  readonly #origin: CallSpanOrigin;
  #sdkSpan: Span | undefined;

  constructor(
    call: CallRecord,
    { spanAttributes, sharedAttributes }: CallStart,
    context: SpanContext,
    parentSpanContext: SpanContext | undefined,
    parent: Context,
    origin: CallSpanOrigin,
  ) {
    this.call = call;
    this.ownAttributes = spanAttributes?.();
    this.sharedAttributes = sharedAttributes?.();
    this.startedAt = call.ended?.startedAt ?? Date.now();
    if (parentSpanContext !== undefined) this.parentSpanContext = parentSpanContext;
    this.#context = context;
    this.#parent = parent;
    this.#origin = origin;
  }

  /** Milliseconds since 1970. */
  get endedAt(): number {
    return this.startedAt + this.call.duration * 1000;
  }

  /** The SDK's span, if it has taken the place of this one. */
  get sdkSpan(): Span | undefined {
    return this.#sdkSpan;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#sdkSpan?.isRecording() ?? !this.ended;
  }

  get name(): string {
    return nameOf(this.call);
  }

  get kind(): SpanKind {
    return kindOf(this.call);
  }

  get startTime(): HrTime {
    return millisToHrTime(this.startedAt);
  }

  get endTime(): HrTime {
    return millisToHrTime(this.endedAt);
  }

  get duration(): HrTime {
    return hrTimeDuration(this.startTime, this.endTime);
  }

  get attributes(): Attributes {
    const all = Object.entries({
      ...this.sharedAttributes,
      ...this.ownAttributes,
      ...this.call.attributes,
      ...this.call.added,
    });
    return Object.fromEntries(all.filter(([, value]) => value !== undefined));
  }

  /** The status code says why by itself; only an exception has more to tell. */
  get status(): SpanStatus {
    const { failed, error } = this.call;
    if (!failed) return { code: SpanStatusCode.UNSET };
    return { code: SpanStatusCode.ERROR, ...(error instanceof Error && { message: reason(error) }) };
  }

  get links(): Link[] {
    return [];
  }

  get events(): TimedEvent[] {
    return [];
  }

  get resource(): Resource {
    return this.#origin.resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this.#origin.scope;
  }

  get droppedAttributesCount(): number {
    return 0;
  }

  get droppedEventsCount(): number {
    return 0;
  }

  get droppedLinksCount(): number {
    return 0;
  }

  setAttribute(...given: Parameters<Span['setAttribute']>): this {
    this.toSdkSpan()?.setAttribute(...given);
    return this;
  }

  setAttributes(...given: Parameters<Span['setAttributes']>): this {
    this.toSdkSpan()?.setAttributes(...given);
    return this;
  }

  addEvent(...given: Parameters<Span['addEvent']>): this {
    this.toSdkSpan()?.addEvent(...given);
    return this;
  }

  addLink(...given: Parameters<Span['addLink']>): this {
    this.toSdkSpan()?.addLink(...given);
    return this;
  }

  addLinks(...given: Parameters<Span['addLinks']>): this {
    this.toSdkSpan()?.addLinks(...given);
    return this;
  }

  setStatus(...given: Parameters<Span['setStatus']>): this {
    this.toSdkSpan()?.setStatus(...given);
    return this;
  }

  updateName(...given: Parameters<Span['updateName']>): this {
    this.toSdkSpan()?.updateName(...given);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.toSdkSpan()?.recordException(exception, time);
  }

  end(time?: TimeInput): void {
    this.toSdkSpan()?.end(time);
  }

  /** Puts the SDK's span in the place of this one. Once the call has ended, nothing can be added to it. */
  toSdkSpan(): Span | undefined {
    if (!this.ended) this.#sdkSpan ??= this.#origin.startSdkSpan(this, this.#parent);
    return this.#sdkSpan;
  }
}

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
import { isError } from '../../semconv/property.js';
import { setLabel, setLabels } from './labels-by-api.js';

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

export function linksOf({ links }: CallRecord): Link[] {
  return links === undefined ? [] : links.spans.map((context) => ({ context }));
}

/** Makes the spans of the SDK that replace spans of calls. Either kind has its resource and scope. */
export interface SdkSpanFactory {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /** Starts a span with the ids, start time and attributes of `span`. */
  start(span: CallSpan, parent: Context): Span;
}

/**
 * The span of a call: a view of the call's record that itself holds only its place in the trace. When the application
 * adds something to it, a full span of the SDK replaces it.
 */
export class CallSpan implements Span, ReadableSpan {
  readonly call: CallRecord;
  readonly parentSpanContext?: SpanContext;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The attributes that are not labels. */
  readonly ownAttributes: Attributes | undefined;
  /** The attributes that it shares with other spans. */
  readonly sharedAttributes: Attributes | undefined;
  ended = false;
  readonly #context: SpanContext;
  readonly #parent: Context;
  readonly #sdkSpans: SdkSpanFactory;
  #sdkSpan: Span | undefined;

  constructor(
    call: CallRecord,
    { spanAttributes, sharedAttributes }: CallStart,
    context: SpanContext,
    parentSpanContext: SpanContext | undefined,
    parent: Context,
    sdkSpans: SdkSpanFactory,
  ) {
    this.call = call;
    this.ownAttributes = spanAttributes?.();
    this.sharedAttributes = sharedAttributes?.();
    this.startedAt = call.ended?.startedAt ?? Date.now();
    if (parentSpanContext !== undefined) this.parentSpanContext = parentSpanContext;
    this.#context = context;
    this.#parent = parent;
    this.#sdkSpans = sdkSpans;
  }

  /** Milliseconds since 1970. */
  get endedAt(): number {
    return this.startedAt + this.call.duration * 1000;
  }

  /** The span of the SDK that has replaced this one, if any. */
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
      ...this.call.spanOnlyAttributes,
    });
    return Object.fromEntries(all.filter(([, value]) => value !== undefined));
  }

  /** Only an exception adds a message. Without one, the status code attribute is the explanation. */
  get status(): SpanStatus {
    const { failed, error } = this.call;
    if (!failed) return { code: SpanStatusCode.UNSET };
    return { code: SpanStatusCode.ERROR, ...(isError(error) && { message: reason(error) }) };
  }

  get links(): Link[] {
    return linksOf(this.call);
  }

  get events(): TimedEvent[] {
    return [];
  }

  get resource(): Resource {
    return this.#sdkSpans.resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this.#sdkSpans.scope;
  }

  get droppedAttributesCount(): number {
    return 0;
  }

  get droppedEventsCount(): number {
    return 0;
  }

  get droppedLinksCount(): number {
    return this.call.links?.dropped ?? 0;
  }

  setAttribute(...[name, value]: Parameters<Span['setAttribute']>): this {
    if (!setLabel(this.call, name, value)) this.toSdkSpan()?.setAttribute(name, value);
    return this;
  }

  setAttributes(...[attributes]: Parameters<Span['setAttributes']>): this {
    const others = setLabels(this.call, attributes);
    if (others !== undefined) this.toSdkSpan()?.setAttributes(others);
    return this;
  }

  addEvent(...args: Parameters<Span['addEvent']>): this {
    this.toSdkSpan()?.addEvent(...args);
    return this;
  }

  addLink(...args: Parameters<Span['addLink']>): this {
    this.toSdkSpan()?.addLink(...args);
    return this;
  }

  addLinks(...args: Parameters<Span['addLinks']>): this {
    this.toSdkSpan()?.addLinks(...args);
    return this;
  }

  setStatus(...args: Parameters<Span['setStatus']>): this {
    this.toSdkSpan()?.setStatus(...args);
    return this;
  }

  updateName(...args: Parameters<Span['updateName']>): this {
    this.toSdkSpan()?.updateName(...args);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.toSdkSpan()?.recordException(exception, time);
  }

  end(time?: TimeInput): void {
    this.toSdkSpan()?.end(time);
  }

  /** Replaces this span with one of the SDK. After the call has ended this is no longer possible. */
  toSdkSpan(): Span | undefined {
    if (!this.ended) this.#sdkSpan ??= this.#sdkSpans.start(this, this.#parent);
    return this.#sdkSpan;
  }
}

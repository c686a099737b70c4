import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  type IdGenerator,
  type Sampler,
  SamplingDecision,
  type SpanLimits,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { CallObserver, CallRecord } from '../../calls/observer.js';
import type { CallStart } from '../../instrumentation.js';
import { SCOPE } from '../scope.js';
import { CallSpan, type CallSpanOrigin, kindOf, nameOf } from './call-span.js';
import { PresetIdGenerator } from './id-generator.js';

export interface SpansOptions {
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly ids: IdGenerator;
  readonly limits: Partial<SpanLimits>;
  readonly processors: readonly SpanProcessor[];
}

/** More attributes than any call has. */
const ENOUGH_ATTRIBUTES = 64;

/** Makes one span of each call. Its final name, attributes and status come from the call's record. */
export function createSpanObserver({
  resource,
  sampler,
  ids,
  limits,
  processors,
}: SpansOptions): CallObserver {
  const origin = createOrigin(resource, limits, processors);
  const { attributeCountLimit = ENOUGH_ATTRIBUTES, attributeValueLengthLimit = Infinity } = limits;
  /** Whether a call by itself may have more than a span may hold: the SDK knows how to cut. */
  const mustBeCut = attributeCountLimit < ENOUGH_ATTRIBUTES || attributeValueLengthLimit < Infinity;

  function start(call: CallRecord, parent: Context, callStart: CallStart): Span | undefined {
    if (!call.traced) return undefined;
    if (isTracingSuppressed(parent)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const around = parentOf(parent);
    const traceId = call.ended?.traceId ?? around?.traceId ?? ids.generateTraceId();
    const sampled = sampler.shouldSample(parent, traceId, nameOf(call), kindOf(call), call.attributes, []);
    const context: SpanContext = {
      traceId,
      spanId: call.ended?.spanId ?? ids.generateSpanId(),
      traceFlags:
        sampled.decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE,
    };
    if (around?.traceState !== undefined) context.traceState = around.traceState;
    if (sampled.decision === SamplingDecision.NOT_RECORD) return trace.wrapSpanContext(context);
    const span = new CallSpan(call, callStart, context, around, parent, origin);
    for (const processor of processors) processor.onStart(span, parent);
    return span;
  }

  function end(span: CallSpan): void {
    if (mustBeCut) span.toSdkSpan();
    span.ended = true;
    if (span.sdkSpan === undefined) for (const processor of processors) processor.onEnd(span);
    else endSdkSpan(span.sdkSpan, span);
  }

  return {
    start,
    end: ({ span }) => {
      if (span instanceof CallSpan) end(span);
    },
  };
}

function parentOf(context: Context): SpanContext | undefined {
  const span = trace.getSpan(context);
  if (span === undefined) return undefined;
  const parent = span.spanContext();
  return span instanceof CallSpan || isSpanContextValid(parent) ? parent : undefined;
}

/** What the application has set stays, except for what the call's record says too. */
function endSdkSpan(full: Span, span: CallSpan): void {
  const { call, status } = span;
  if (call.route !== undefined) full.updateName(span.name);
  full.setAttributes({ ...call.attributes, ...call.added });
  if (status.code === SpanStatusCode.ERROR) full.setStatus(status);
  full.end(span.endTime);
}

/** The SDK's spans of calls: sampled already, and announced to the processors already. */
function createOrigin(
  resource: Resource,
  limits: Partial<SpanLimits>,
  processors: readonly SpanProcessor[],
): CallSpanOrigin {
  const given = new PresetIdGenerator();
  let tracer: Tracer | undefined;
  const createTracer = (): Tracer =>
    new TracerProvider({
      resource,
      idGenerator: given,
      sampler: new AlwaysOnSampler(),
      spanLimits: limits,
      spanProcessors: processors.map((processor) => ({
        onStart() {},
        onEnd: (span) => processor.onEnd(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      })),
    }).getTracer(SCOPE.name, SCOPE.version);

  return {
    resource,
    scope: SCOPE,
    startSdkSpan(span, parent) {
      tracer ??= createTracer();
      const { name, kind, attributes, startTime } = span;
      const options = { kind, attributes, startTime };
      return given.give(span.spanContext(), () => (tracer as Tracer).startSpan(name, options, parent));
    },
  };
}

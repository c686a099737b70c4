import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ProxyTracerProvider,
  type Span,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  type TracerProvider,
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
} from '@opentelemetry/sdk-trace';
import type { CallObserver, CallRecord } from '../../calls/observer.js';
import type { CallStart } from '../../instrumentation.js';
import { lazily } from '../lazily.js';
import { SCOPE } from '../scope.js';
import { CallSpan, kindOf, nameOf, type SdkSpanFactory } from './call-span.js';
import { PresetIdGenerator } from './id-generator.js';
import { createTracerProvider } from './tracer-provider.js';
import { UnrecordedSpan } from './unrecorded-span.js';

export interface SpansOptions {
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly ids: IdGenerator;
  readonly limits: Partial<SpanLimits>;
  readonly processors: readonly SpanProcessor[];
}

/** No call has more attributes. */
const MAX_CALL_ATTRIBUTES = 64;

/** Makes one span for each call. Its final name, attributes and status come from the call's record. */
export function createSpanObserver({
  resource,
  sampler,
  ids,
  limits,
  processors,
}: SpansOptions): CallObserver {
  const sdkSpans = createSdkSpanFactory(resource, limits, processors);
  const { attributeCountLimit = MAX_CALL_ATTRIBUTES, attributeValueLengthLimit = Infinity } = limits;
  /** Whether a call may exceed the limits. If so, the SDK makes its span, because it enforces them. */
  const mayExceedLimits = attributeCountLimit < MAX_CALL_ATTRIBUTES || attributeValueLengthLimit < Infinity;

  function start(call: CallRecord, parent: Context, callStart: CallStart): Span | undefined {
    if (!call.traced) return undefined;
    if (isTracingSuppressed(parent)) return new UnrecordedSpan(call, INVALID_SPAN_CONTEXT);
    const parentSpan = parentOf(parent);
    const traceId = call.ended?.traceId ?? parentSpan?.traceId ?? ids.generateTraceId();
    const sampled = sampler.shouldSample(parent, traceId, nameOf(call), kindOf(call), call.attributes, []);
    const context: SpanContext = {
      traceId,
      spanId: call.ended?.spanId ?? ids.generateSpanId(),
      traceFlags:
        sampled.decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE,
    };
    if (parentSpan?.traceState !== undefined) context.traceState = parentSpan.traceState;
    if (sampled.decision === SamplingDecision.NOT_RECORD) return new UnrecordedSpan(call, context);
    const span = new CallSpan(call, callStart, context, parentSpan, parent, sdkSpans);
    for (const processor of processors) processor.onStart(span, parent);
    return span;
  }

  function end(span: CallSpan): void {
    if (mayExceedLimits) span.toSdkSpan();
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

/** Keeps everything that the application has set, except the values that the call's record has too. */
function endSdkSpan(sdkSpan: Span, span: CallSpan): void {
  const { call, status } = span;
  if (call.route !== undefined) sdkSpan.updateName(span.name);
  sdkSpan.setAttributes({ ...call.attributes, ...call.spanOnlyAttributes });
  if (status.code === SpanStatusCode.ERROR) sdkSpan.setStatus(status);
  sdkSpan.end(span.endTime);
}

/** The spans that it replaces are already sampled and announced to the processors. */
function createSdkSpanFactory(
  resource: Resource,
  limits: Partial<SpanLimits>,
  processors: readonly SpanProcessor[],
): SdkSpanFactory {
  const presetIds = new PresetIdGenerator();
  const createProvider = (): TracerProvider =>
    createTracerProvider({
      resource,
      idGenerator: presetIds,
      sampler: new AlwaysOnSampler(),
      spanLimits: limits,
      spanProcessors: processors.map((processor) => ({
        onStart() {},
        onEnd: (span) => processor.onEnd(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      })),
    });
  const provider = lazily('traces: the SDK', createProvider);

  return {
    resource,
    scope: SCOPE,
    start(span, parent) {
      const tracer = (provider() ?? new ProxyTracerProvider()).getTracer(SCOPE.name, SCOPE.version);
      const { name, kind, attributes, startTime } = span;
      const options = { kind, attributes, startTime };
      return presetIds.withIds(span.spanContext(), () => tracer.startSpan(name, options, parent));
    },
  };
}

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
import { type IdGenerator, type Sampler, SamplingDecision, type SpanLimits } from '@opentelemetry/sdk-trace';
import type { CallObserver, CallRecord } from '../../calls/observer.js';
import type { CallStart } from '../../instrumentation.js';
import { lazily } from '../lazily.js';
import { SCOPE } from '../scope.js';
import { CallSpan, kindOf, linksOf, nameOf, type SdkSpanFactory } from './call-span.js';
import { PresetIdGenerator } from './id-generator.js';
import type { Verdict } from './rules.js';
import type { Sampling } from './sampling.js';
import { createTracerProvider } from './tracer-provider.js';
import { UnrecordedSpan } from './unrecorded-span.js';

export interface SpansOptions {
  readonly resource: Resource;
  readonly sampling: () => Sampling;
  readonly ids: IdGenerator;
  readonly limits: Partial<SpanLimits>;
}

/** No call has more attributes. */
const MAX_CALL_ATTRIBUTES = 64;

/** Makes one span for each call. Its final name, attributes and status come from the call's record. */
export function createSpanObserver({ resource, sampling, ids, limits }: SpansOptions): CallObserver {
  const sdkSpans = createSdkSpanFactory(resource, limits, sampling);
  const {
    attributeCountLimit = MAX_CALL_ATTRIBUTES,
    attributeValueLengthLimit = Infinity,
    linkCountLimit = Infinity,
  } = limits;
  /** Whether a call may exceed the limits. If so, the SDK makes its span, because it enforces them. */
  const mayExceedLimits = attributeCountLimit < MAX_CALL_ATTRIBUTES || attributeValueLengthLimit < Infinity;

  function start(call: CallRecord, parent: Context, callStart: CallStart): Span | undefined {
    if (!call.traced) return undefined;
    if (isTracingSuppressed(parent)) return new UnrecordedSpan(call, INVALID_SPAN_CONTEXT);
    const parentSpan = parentOf(parent);
    const traceId = call.ended?.traceId ?? parentSpan?.traceId ?? ids.generateTraceId();
    const { sampler, rules, unsampled, processors } = sampling();
    const verdict = rules?.decide(call, callStart, traceId, parentSpan);
    if (verdict === 'absent') return undefined;
    const decision =
      verdict === undefined
        ? sampler.shouldSample(parent, traceId, nameOf(call), kindOf(call), call.attributes, linksOf(call))
            .decision
        : decisionOf(verdict, unsampled);
    const context: SpanContext = {
      traceId,
      spanId: call.ended?.spanId ?? ids.generateSpanId(),
      traceFlags: decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE,
    };
    if (parentSpan?.traceState !== undefined) context.traceState = parentSpan.traceState;
    if (decision === SamplingDecision.NOT_RECORD) return new UnrecordedSpan(call, context);
    const span = new CallSpan(call, callStart, context, parentSpan, parent, sdkSpans);
    for (const processor of processors) processor.onStart(span, parent);
    return span;
  }

  function end(span: CallSpan): void {
    if (mayExceedLimits || (span.call.links?.size ?? 0) > linkCountLimit) span.toSdkSpan();
    span.ended = true;
    if (span.sdkSpan === undefined) for (const processor of sampling().processors) processor.onEnd(span);
    else endSdkSpan(span.sdkSpan, span);
  }

  return {
    start,
    end: ({ span }) => {
      if (span instanceof CallSpan) end(span);
    },
  };
}

function decisionOf(verdict: Exclude<Verdict, 'absent'>, unsampled: SamplingDecision): SamplingDecision {
  if (verdict === 'sampled') return SamplingDecision.RECORD_AND_SAMPLED;
  return verdict === 'dropped' ? SamplingDecision.NOT_RECORD : unsampled;
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
  if (span.links.length > 0) sdkSpan.addLinks(span.links);
  if (status.code === SpanStatusCode.ERROR) sdkSpan.setStatus(status);
  sdkSpan.end(span.endTime);
}

/** The spans that it replaces are already sampled and announced to the processors. */
function createSdkSpanFactory(
  resource: Resource,
  limits: Partial<SpanLimits>,
  sampling: () => Sampling,
): SdkSpanFactory {
  const presetIds = new PresetIdGenerator();
  const presetSampler: Sampler = {
    shouldSample: () => ({
      decision: presetIds.isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD,
    }),
    toString: () => 'preset',
  };
  const createProvider = (): TracerProvider =>
    createTracerProvider({
      resource,
      idGenerator: presetIds,
      sampler: presetSampler,
      spanLimits: limits,
      spanProcessors: [
        {
          onStart() {},
          onEnd: (span) => {
            for (const processor of sampling().processors) processor.onEnd(span);
          },
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
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

import { type Context, isSpanContextValid, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { SamplerConfig, SamplerName } from '../../config/config.js';

const SAMPLERS: Record<SamplerName, (ratio: number) => Sampler> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

/** The sampler of the configuration. */
export function createSampler(config: SamplerConfig): Sampler {
  if (config.name !== 'parentbased') return SAMPLERS[config.name](config.ratio);
  return new ParentBasedSampler({
    root: createSampler(config.root),
    remoteParentSampled: createSampler(config.remoteParentSampled),
    remoteParentNotSampled: createSampler(config.remoteParentNotSampled),
    localParentSampled: createSampler(config.localParentSampled),
    localParentNotSampled: createSampler(config.localParentNotSampled),
  });
}

/** Whether a trace is among this fraction of all traces: the same answer in every process. */
export function fractionOf(ratio: number): (traceId: string) => boolean {
  const sampler = new TraceIdRatioBasedSampler(ratio);
  return (traceId) =>
    sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
}

/** Whether the decision of a caller in another process stands. */
export function followsCallers({ name }: SamplerConfig): boolean {
  return name.startsWith('parentbased_');
}

/** The same sampler, but what is inside a span of this process follows that span, for which a rule may have decided. */
export function followingInside(sampler: Sampler): Sampler {
  return new ParentBasedSampler({
    root: sampler,
    remoteParentSampled: sampler,
    remoteParentNotSampled: sampler,
  });
}

/** The same sampler, but what it does not sample is recorded all the same, unless it is inside something dropped. */
export function recordingAll(sampler: Sampler): Sampler {
  return {
    shouldSample(context, ...call) {
      const result = sampler.shouldSample(context, ...call);
      const isRecorded = result.decision !== SamplingDecision.NOT_RECORD || isInsideDropped(context);
      return isRecorded ? result : { ...result, decision: SamplingDecision.RECORD };
    },
    toString: () => String(sampler),
  };
}

/** Whether the span around is one of this process that is not recorded. Those that are know when they started. */
function isInsideDropped(context: Context): boolean {
  const span = trace.getSpan(context);
  if (span === undefined || 'startTime' in span) return false;
  const { isRemote, ...parent } = span.spanContext();
  return !isRemote && isSpanContextValid(parent);
}

import { type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TracesConfig } from '../../config/config.js';
import { createRules, type Rules } from './rules.js';
import { createSampler, followingInside, followsCallers, recordingAll } from './sampler.js';

/** What is recorded of the calls and of the application's own spans, and where it goes. */
export interface Sampling {
  /** For the application's own spans, and for the calls of which no rule says anything. */
  readonly sampler: Sampler;
  /** Absent if there are none, so that they cost nothing. */
  readonly rules?: Rules;
  /** What becomes of calls that a rule does not sample: nothing, or a span that may be kept. */
  readonly unsampled: SamplingDecision;
  readonly processors: readonly SpanProcessor[];
}

export type SamplingConfig = Pick<TracesConfig, 'sampler' | 'rules'>;

/** @param keeper what decides of spans that are not sampled. Absent: they are not recorded. */
export function createSampling(
  { sampler: config, rules }: SamplingConfig,
  exporters: readonly SpanProcessor[],
  keeper?: SpanProcessor,
): Sampling {
  const chosen = createSampler(config);
  const sampler = rules.length === 0 ? chosen : followingInside(chosen);
  return {
    sampler: keeper === undefined ? sampler : recordingAll(sampler),
    ...(rules.length > 0 && { rules: createRules(rules, followsCallers(config)) }),
    unsampled: keeper === undefined ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD,
    processors: keeper === undefined ? exporters : [keeper],
  };
}

import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { SamplerName } from '../../../src/config/config.js';
import { createSampler } from '../../../src/telemetry/traces/sampler.js';

const LOW = '00000000000000000000000000000001';
const HIGH = 'ffffffff000000000000000000000000';

/** Whether a span is sampled: as a root, with a sampled parent, with an unsampled parent. */
function decisions(name: SamplerName, traceId: string): boolean[] {
  const sampler = createSampler({ name, ratio: 0.5 });
  const withParent = (traceFlags: TraceFlags) =>
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '0000000000000001', traceFlags, isRemote: true });
  return [ROOT_CONTEXT, withParent(TraceFlags.SAMPLED), withParent(TraceFlags.NONE)].map(
    (context) => sampler.shouldSample(context, traceId, 'GET', SpanKind.SERVER, {}, []).decision === 2,
  );
}

test.each([
  ['always_on', LOW, [true, true, true]],
  ['always_off', LOW, [false, false, false]],
  ['traceidratio', LOW, [true, true, true]],
  ['traceidratio', HIGH, [false, false, false]],
  ['parentbased_always_on', LOW, [true, true, false]],
  ['parentbased_always_off', LOW, [false, true, false]],
  ['parentbased_traceidratio', LOW, [true, true, false]],
  ['parentbased_traceidratio', HIGH, [false, true, false]],
] as const)(
  '%s decides for trace %s as root, with a sampled and an unsampled parent',
  (name, traceId, expected) => {
    expect(decisions(name, traceId)).toEqual(expected);
  },
);

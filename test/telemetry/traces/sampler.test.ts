import { type Context, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { type Sampler, SamplingDecision, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import type { SamplerName } from '../../../src/config/config.js';
import {
  createSampler,
  followingInside,
  followsCallers,
  fractionOf,
  recordingAll,
} from '../../../src/telemetry/traces/sampler.js';

const LOW = '00000000000000000000000000000001';
const HIGH = 'ffffffff000000000000000000000000';

function inside(traceId: string, traceFlags: TraceFlags, isRemote: boolean): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '0000000000000001', traceFlags, isRemote });
}

function decide(sampler: Sampler, context: Context, traceId = LOW): SamplingDecision {
  return sampler.shouldSample(context, traceId, 'GET', SpanKind.SERVER, {}, []).decision;
}

/** Whether a span is sampled: as a root, with a sampled parent, with an unsampled parent. */
function decisions(name: SamplerName, traceId: string): boolean[] {
  const sampler = createSampler({ name, ratio: 0.5 });
  const withParent = (traceFlags: TraceFlags) => inside(traceId, traceFlags, true);
  return [ROOT_CONTEXT, withParent(TraceFlags.SAMPLED), withParent(TraceFlags.NONE)].map(
    (context) => decide(sampler, context, traceId) === SamplingDecision.RECORD_AND_SAMPLED,
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

test('the same fraction of the traces as the sampler of that ratio', () => {
  expect([LOW, HIGH].map(fractionOf(0.5))).toEqual([true, false]);
  expect([LOW, HIGH].map(fractionOf(1))).toEqual([true, true]);
});

test('the parentbased samplers follow callers', () => {
  expect(followsCallers({ name: 'parentbased_always_on', ratio: 1 })).toBe(true);
  expect(followsCallers({ name: 'always_on', ratio: 1 })).toBe(false);
});

test('what is inside a span of this process follows it, what comes from outside does not', () => {
  const sampler = followingInside(createSampler({ name: 'always_on', ratio: 1 }));

  expect(decide(sampler, inside(LOW, TraceFlags.NONE, false))).toBe(SamplingDecision.NOT_RECORD);
  expect(decide(sampler, inside(LOW, TraceFlags.NONE, true))).toBe(SamplingDecision.RECORD_AND_SAMPLED);
  expect(decide(sampler, ROOT_CONTEXT)).toBe(SamplingDecision.RECORD_AND_SAMPLED);
});

test('what is not sampled is recorded, except inside a span of this process that is not', () => {
  const sampler = recordingAll(createSampler({ name: 'parentbased_always_off', ratio: 1 }));
  const recorded = new TracerProvider({ sampler }).getTracer('').startSpan('own', {}, ROOT_CONTEXT);

  expect(decide(sampler, ROOT_CONTEXT)).toBe(SamplingDecision.RECORD);
  expect(decide(sampler, inside(LOW, TraceFlags.SAMPLED, true))).toBe(SamplingDecision.RECORD_AND_SAMPLED);
  expect(decide(sampler, inside(LOW, TraceFlags.NONE, true))).toBe(SamplingDecision.RECORD);
  expect(decide(sampler, inside(LOW, TraceFlags.NONE, false))).toBe(SamplingDecision.NOT_RECORD);
  expect(decide(sampler, trace.setSpan(ROOT_CONTEXT, recorded))).toBe(SamplingDecision.RECORD);
  recorded.end();
  expect(decide(sampler, trace.setSpan(ROOT_CONTEXT, recorded))).toBe(SamplingDecision.RECORD);
});

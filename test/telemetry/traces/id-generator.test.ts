import { TraceFlags } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { PresetIdGenerator, RandomIdGenerator } from '../../../src/telemetry/traces/id-generator.js';

test('random ids are unique hex strings of the right length', () => {
  const ids = new RandomIdGenerator();
  const traceIds = Array.from({ length: 1_000 }, ids.generateTraceId);
  const spanIds = Array.from({ length: 1_000 }, ids.generateSpanId);

  for (const id of traceIds) expect(id).toMatch(/^[0-9a-f]{32}$/);
  for (const id of spanIds) expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(new Set([...traceIds, ...spanIds]).size).toBe(2_000);
});

const CONTEXT = { traceId: 'trace', spanId: 'span', traceFlags: TraceFlags.SAMPLED };

test('preset ids apply only while the function runs', () => {
  const ids = new PresetIdGenerator();
  const generate = (): string[] => [ids.generateSpanId(), ids.generateTraceId()];

  expect(ids.withIds(CONTEXT, generate)).toEqual(['span', 'trace']);
  expect(generate()).toEqual(['', '']);
});

test('preset ids are cleared when the function throws', () => {
  const ids = new PresetIdGenerator();
  const fail = (): never => {
    throw new Error('not started');
  };

  expect(() => ids.withIds(CONTEXT, fail)).toThrow('not started');
  expect(ids.generateSpanId()).toBe('');
});

test('a preset span is sampled if its context says so', () => {
  const ids = new PresetIdGenerator();
  const isSampled = () => ids.isSampled;

  expect(ids.withIds(CONTEXT, isSampled)).toBe(true);
  expect(ids.withIds({ ...CONTEXT, traceFlags: TraceFlags.NONE }, isSampled)).toBe(false);
  expect(isSampled()).toBe(false);
});

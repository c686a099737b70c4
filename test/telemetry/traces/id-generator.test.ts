import { expect, test } from 'vitest';
import { PresetIdGenerator, RandomIdGenerator } from '../../../src/telemetry/traces/id-generator.js';

test('random ids are hex of the right length, and differ', () => {
  const ids = new RandomIdGenerator();
  const traceIds = Array.from({ length: 1_000 }, ids.generateTraceId);
  const spanIds = Array.from({ length: 1_000 }, ids.generateSpanId);

  for (const id of traceIds) expect(id).toMatch(/^[0-9a-f]{32}$/);
  for (const id of spanIds) expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(new Set([...traceIds, ...spanIds]).size).toBe(2_000);
});

test('the span that is started inside has the ids that were given, once', () => {
  const ids = new PresetIdGenerator();
  const generate = (): string[] => [ids.generateSpanId(), ids.generateTraceId()];

  expect(ids.give({ traceId: 'trace', spanId: 'span' }, generate)).toEqual(['span', 'trace']);
  expect(generate()).toEqual(['', '']);
});

test('ids are given once, also when nothing could be started', () => {
  const ids = new PresetIdGenerator();
  const fail = (): never => {
    throw new Error('not started');
  };

  expect(() => ids.give({ traceId: 'trace', spanId: 'span' }, fail)).toThrow('not started');
  expect(ids.generateSpanId()).toBe('');
});

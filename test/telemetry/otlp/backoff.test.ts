import { expect, test } from 'vitest';
import { backoffMs } from '../../../src/telemetry/otlp/backoff.js';

const delaysAfter = (failures: number, requestedMs?: number) =>
  Array.from({ length: 200 }, () => backoffMs(failures, requestedMs));

test.each([
  [1, 1_000],
  [2, 2_000],
  [5, 16_000],
  [6, 30_000],
  [5_000, 30_000],
])('after %i failures in a row the delay is within 20% of %i ms', (failures, expected) => {
  const delays = delaysAfter(failures);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(expected * 0.8);
  expect(Math.max(...delays)).toBeLessThanOrEqual(expected * 1.2);
  expect(new Set(delays).size).toBeGreaterThan(100);
});

test('waits at least as long as the receiver requests, up to two minutes', () => {
  expect(Math.min(...delaysAfter(1, 7_000))).toBe(7_000);
  expect(Math.max(...delaysAfter(1, 86_400_000))).toBe(120_000);
});

test.each([Number.NaN, Number.NEGATIVE_INFINITY, -1])(
  'a requested delay of %s counts as none',
  (requestedMs) => {
    const delays = delaysAfter(1, requestedMs);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(800);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_200);
  },
);

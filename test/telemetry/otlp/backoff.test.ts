import { expect, it } from 'vitest';
import { backoffMs } from '../../../src/telemetry/otlp/backoff.js';

const many = (failures: number, asked?: number) =>
  Array.from({ length: 200 }, () => backoffMs(failures, asked));

it.each([
  [1, 1_000],
  [2, 2_000],
  [5, 16_000],
  [6, 30_000],
  [5_000, 30_000],
])('after failure %i is around %i ms', (failures, expected) => {
  const delays = many(failures);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(expected * 0.8);
  expect(Math.max(...delays)).toBeLessThanOrEqual(expected * 1.2);
  expect(new Set(delays).size).toBeGreaterThan(100);
});

it('is no less than the receiver asks for, within bounds', () => {
  expect(Math.min(...many(1, 7_000))).toBe(7_000);
  expect(Math.max(...many(1, 86_400_000))).toBe(120_000);
});

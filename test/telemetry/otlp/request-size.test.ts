import { expect, test } from 'vitest';
import { RequestSize } from '../../../src/telemetry/otlp/request-size.js';

test('stays below a size that was refused once a smaller one has passed', () => {
  const size = new RequestSize(512);
  expect(size.bytes).toBe(1_000_000);
  size.tooLarge(400_000);
  expect(size.bytes).toBe(1_000_000);
  size.accepted(200_000);
  expect(size.bytes).toBeCloseTo(220_000);
  size.accepted(1_000);
  expect(size.bytes).toBeCloseTo(220_000);
});

test('does not follow a receiver that calls every size too large', () => {
  const size = new RequestSize(512);
  for (const bytes of [400_000, 50_000, 100]) size.tooLarge(bytes);
  size.accepted(50);
  expect(size.bytes).toBe(64 * 1024);
});

test('halves the number of items after a timeout and grows back slowly', () => {
  const size = new RequestSize(512);
  size.timedOut(512);
  size.timedOut(256);
  expect(size.items).toBe(128);
  size.accepted(1);
  expect(size.items).toBe(136);
  for (let i = 0; i < 100; i += 1) size.accepted(1);
  expect(size.items).toBe(512);
  for (let i = 0; i < 20; i += 1) size.timedOut(size.items);
  expect(size.items).toBe(1);
});

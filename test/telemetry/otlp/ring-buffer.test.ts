import { expect, test } from 'vitest';
import { RingBuffer } from '../../../src/telemetry/otlp/ring-buffer.js';

test('returns items oldest first after it has wrapped around', () => {
  const ring = new RingBuffer<number>(3);
  for (const item of [1, 2, 3]) ring.push(item);
  ring.drop(2);
  ring.push(4);
  ring.push(5);
  expect(ring.oldest(10)).toEqual([3, 4, 5]);
  expect(ring.oldest(2)).toEqual([3, 4]);
  expect(ring.size).toBe(3);
});

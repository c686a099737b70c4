import { expect, it } from 'vitest';
import { Ring } from '../../../src/telemetry/otlp/ring.js';

it('gives back what came in, oldest first, around its end', () => {
  const ring = new Ring<number>(3);
  expect([1, 2, 3].map((item) => ring.push(item))).toEqual([true, true, true]);
  ring.drop(2);
  ring.push(4);
  ring.push(5);
  expect(ring.oldest(10)).toEqual([3, 4, 5]);
  expect(ring.oldest(2)).toEqual([3, 4]);
  expect(ring.size).toBe(3);
});

it('takes nothing when it is full, and again when it is not', () => {
  const ring = new Ring<string>(1);
  ring.push('a');
  expect(ring.push('b')).toBe(false);
  expect(ring.oldest(10)).toEqual(['a']);
  ring.drop(1);
  expect(ring.push('c')).toBe(true);
  expect(ring.oldest(10)).toEqual(['c']);
});

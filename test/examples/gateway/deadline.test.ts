import { expect, test } from 'vitest';
import { deadlineOf } from '../../../examples/gateway/src/deadline.ts';

const NOW = 1_000_000;

test.each([
  [undefined, 5_000],
  ['1S', 1_000],
  ['250m', 250],
  ['2000u', 2],
  ['3000000n', 3],
  ['0S', 0],
  ['1M', 5_000],
  ['99999999H', 5_000],
])('a Grpc-Timeout of %s, at most 5 s, is %i ms from now', (timeout, ms) => {
  expect(deadlineOf(timeout, 5_000, NOW).getTime()).toBe(NOW + ms);
});

test.each(['', '1', 'S', '1s', '-1S', '1.5S', '123456789S', '1S ', '1SS'])('%j is refused', (timeout) => {
  expect(() => deadlineOf(timeout, 5_000, NOW)).toThrow(`Grpc-Timeout is "${timeout}"`);
});

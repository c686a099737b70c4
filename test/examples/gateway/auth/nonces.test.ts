import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Nonces } from '../../../../examples/gateway/src/auth/nonces.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('a nonce is good in its minute and in the next', () => {
  const nonces = new Nonces();
  const nonce = nonces.current();
  vi.setSystemTime(119_999);
  expect([nonces.current() === nonce, nonces.accepts(nonce)]).toEqual([false, true]);
  vi.setSystemTime(120_000);
  expect(nonces.accepts(nonce)).toBe(false);
});

test('nobody else has made a nonce', () => {
  const nonces = new Nonces();
  expect([nonces.accepts(new Nonces().current()), nonces.accepts('abc'), nonces.accepts(undefined)]).toEqual([
    false,
    false,
    false,
  ]);
});

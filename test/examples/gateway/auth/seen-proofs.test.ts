import { afterAll, expect, test, vi } from 'vitest';
import { PROOF_LIFETIME_MS } from '../../../../examples/gateway/src/auth/proof.ts';
import { SeenProofs } from '../../../../examples/gateway/src/auth/seen-proofs.ts';

// Before the cache looks for its clock.
vi.hoisted(() => vi.useFakeTimers());
afterAll(() => void vi.useRealTimers());

test('an id is first once for each key, for as long as its proof could be valid', () => {
  const seen = new SeenProofs();
  expect([seen.isFirst('key', 'a'), seen.isFirst('key', 'a'), seen.isFirst('other', 'a')]).toEqual([
    true,
    false,
    true,
  ]);
  vi.advanceTimersByTime(PROOF_LIFETIME_MS - 1);
  expect(seen.isFirst('key', 'a')).toBe(false);
  vi.advanceTimersByTime(10);
  expect(seen.isFirst('key', 'a')).toBe(true);
  seen.close();
});

test('the number of proofs is limited, and the last ones are kept', () => {
  const seen = new SeenProofs(100);
  for (let i = 0; i < 1_000; i += 1) seen.isFirst('key', String(i));
  expect([seen.size, seen.isFirst('key', '999'), seen.isFirst('key', '0')]).toEqual([100, false, true]);
  seen.close();
});

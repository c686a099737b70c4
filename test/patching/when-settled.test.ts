import { expect, test, vi } from 'vitest';
import { whenSettled } from '../../src/patching/when-settled.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

test('the promise settles as before, after the observer has seen how', async () => {
  const fulfilled = vi.fn();
  const rejected = vi.fn();
  const error = new Error('kaput');

  expect(await whenSettled(Promise.resolve(7), fulfilled, rejected)).toBe(7);
  await expect(whenSettled(Promise.reject(error), fulfilled, rejected)).rejects.toBe(error);
  expect(fulfilled.mock.calls).toEqual([[7]]);
  expect(rejected.mock.calls).toEqual([[error]]);
});

test('a rejection that nobody handles stays unhandled', async () => {
  const error = new Error('kaput');
  const nothing = () => {};
  expect(await unhandledRejection(() => void whenSettled(Promise.reject(error), nothing, nothing))).toBe(
    error,
  );
});

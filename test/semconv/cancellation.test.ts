import { expect, test } from 'vitest';
import { unlessCancelled } from '../../src/semconv/cancellation.js';

test('a cancellation by the caller is no error', () => {
  expect(unlessCancelled(AbortSignal.abort().reason)).toBeUndefined();
  expect(unlessCancelled(Object.assign(new Error('aborted'), { code: 'UND_ERR_ABORTED' }))).toBeUndefined();
});

test('a time-out of the caller is one', () => {
  const timeout = new DOMException('late', 'TimeoutError');
  expect(unlessCancelled(timeout)).toBe(timeout);
  expect(unlessCancelled(Object.assign(new Error('x', { cause: timeout }), { name: 'AbortError' }))).toBe(
    timeout,
  );
});

test('anything else is what it is', () => {
  const error = new Error('x');
  expect(unlessCancelled(error)).toBe(error);
  expect(unlessCancelled('aborted')).toBe('aborted');
  expect(unlessCancelled(undefined)).toBeUndefined();
});

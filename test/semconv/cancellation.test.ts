import { expect, test } from 'vitest';
import { unlessCancelled } from '../../src/semconv/cancellation.js';

test('a cancellation by the caller is not an error', () => {
  expect(unlessCancelled(AbortSignal.abort().reason)).toBeUndefined();
  expect(unlessCancelled(Object.assign(new Error('aborted'), { code: 'UND_ERR_ABORTED' }))).toBeUndefined();
  expect(unlessCancelled({ name: 'CanceledError', code: 'ERR_CANCELED' })).toBeUndefined();
});

test('a timeout of the caller is an error', () => {
  const timeout = new DOMException('late', 'TimeoutError');
  expect(unlessCancelled(timeout)).toBe(timeout);
  expect(unlessCancelled(Object.assign(new Error('x', { cause: timeout }), { name: 'AbortError' }))).toBe(
    timeout,
  );
  const config = { signal: { reason: timeout } };
  expect(unlessCancelled({ name: 'CanceledError', code: 'ERR_CANCELED', config })).toBe(timeout);
});

test('any other error is returned unchanged', () => {
  const error = new Error('x');
  expect(unlessCancelled(error)).toBe(error);
  expect(unlessCancelled('aborted')).toBe('aborted');
  expect(unlessCancelled(undefined)).toBeUndefined();
});

test('an error that throws when it is read is an error', () => {
  const lazy = Object.defineProperty(new Error('x'), 'code', {
    get() {
      throw new Error('lazy');
    },
  });
  expect(unlessCancelled(lazy)).toBe(lazy);
});

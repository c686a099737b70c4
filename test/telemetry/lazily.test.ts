import { expect, test, vi } from 'vitest';
import { log } from '../../src/log.js';
import { lazily } from '../../src/telemetry/lazily.js';

test('creates once, when it is first needed', () => {
  const create = vi.fn(() => ({}));
  const get = lazily('metrics: the SDK', create);
  expect(create).not.toHaveBeenCalled();
  expect(get()).toBe(get());
  expect(create).toHaveBeenCalledOnce();
});

test('a failure is one line, and there is nothing from then on', () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const get = lazily('metrics: the SDK', () => {
    throw new Error('no such file');
  });
  expect([get(), get()]).toEqual([undefined, undefined]);
  expect(error.mock.calls).toEqual([
    ['metrics: the SDK cannot be loaded: no such file; the application is not affected'],
  ]);
});

import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { createGuard } from '../../src/hooks/guard.js';
import { log } from '../../src/log.js';

test('a guarded function returns what the function returns', () => {
  const guard = createGuard('shop');

  expect(guard((a: number, b: number) => a + b)(1, 2)).toBe(3);
});

test('the first fault is logged in one line and turns the whole instrumentation off', () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const guard = createGuard('shop');
  let runs = 0;
  const faulty = guard(() => {
    runs += 1;
    throw new Error('ours');
  });
  const other = guard(() => 'fine');

  expect([faulty(), faulty(), other()]).toEqual([undefined, undefined, undefined]);

  expect(runs).toBe(1);
  expect(error.mock.calls).toEqual([
    ['shop: ours; this instrumentation is off from now on, the application is not affected'],
  ]);
});

test('a fault in one instrumentation leaves the guards of others working', () => {
  vi.spyOn(log, 'error').mockImplementation(() => {});
  const faulty = createGuard('a')(() => readFileSync('/nonexistent/file'));
  const fine = createGuard('b')(() => 'fine');

  faulty();

  expect(fine()).toBe('fine');
});

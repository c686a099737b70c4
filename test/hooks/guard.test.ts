import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { createGuard } from '../../src/hooks/guard.js';
import { log } from '../../src/log.js';

afterEach(() => void vi.useRealTimers());

test('a guarded function returns what the function returns', () => {
  const guard = createGuard('shop');

  expect(guard((a: number, b: number) => a + b)(1, 2)).toBe(3);
});

function throwOurs(): never {
  throw new Error('ours');
}

test('a fault is logged in one line for each kind, and the instrumentation stays on', () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const guard = createGuard('shop');
  const faulty = guard((n: number) => {
    throw new Error(`order ${n}`);
  });
  const other = guard(() => 'fine');

  expect([faulty(1), faulty(2), other()]).toEqual([undefined, undefined, 'fine']);

  expect(error.mock.calls).toEqual([
    ['shop: order 1; the application is not affected', 'shop: order 0; the application is not affected'],
    ['shop: order 2; the application is not affected', 'shop: order 0; the application is not affected'],
  ]);
});

test('ten faults within a minute turn the instrumentation off for a minute, then for twice as long', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const guard = createGuard('shop');
  const faulty = guard(throwOurs);
  const other = guard(() => 'fine');
  const failTenTimes = () => Array.from({ length: 10 }).forEach(() => void faulty());

  failTenTimes();
  expect(other()).toBeUndefined();
  vi.advanceTimersByTime(59_999);
  expect(other()).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(other()).toBe('fine');

  failTenTimes();
  vi.advanceTimersByTime(119_999);
  expect(other()).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(other()).toBe('fine');

  const off = 'shop: 10 faults within a minute; this instrumentation is off for a while';
  expect(error.mock.calls.filter(([line]) => line === off)).toHaveLength(2);
});

test('faults that are rare never turn the instrumentation off', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.spyOn(log, 'error').mockImplementation(() => {});
  const guard = createGuard('shop');
  const faulty = guard(throwOurs);
  const other = guard(() => 'fine');

  for (let n = 0; n < 100; n += 1) {
    faulty();
    vi.advanceTimersByTime(10_000);
  }

  expect(other()).toBe('fine');
});

test('a fault while it attaches turns the instrumentation off for good', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const guard = createGuard('shop');
  const other = guard(() => 'fine');

  guard.attaching(throwOurs)();
  vi.advanceTimersByTime(1e9);

  expect(other()).toBeUndefined();
  const line = 'shop: ours; this instrumentation is off from now on, the application is not affected';
  expect(error.mock.calls).toEqual([[line, line]]);
});

test('whatever is thrown, the guard does not throw', () => {
  vi.spyOn(log, 'error').mockImplementation(() => {});
  const guard = createGuard('shop');

  expect(() =>
    guard(() => {
      throw Object.create(null);
    })(),
  ).not.toThrow();
});

test('a fault in one instrumentation leaves the guards of others working', () => {
  vi.spyOn(log, 'error').mockImplementation(() => {});
  const faulty = createGuard('a')(() => readFileSync('/nonexistent/file'));
  const fine = createGuard('b')(() => 'fine');

  faulty();

  expect(fine()).toBe('fine');
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whenLasting } from '../../src/telemetry/when-lasting.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout'] }));
afterEach(() => vi.useRealTimers());

test('a process counts as lasting ten seconds after it is asked, once', () => {
  const callback = vi.fn();
  const ask = whenLasting(callback);
  vi.advanceTimersByTime(20_000);
  ask();
  vi.advanceTimersByTime(9_900);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(callback).toHaveBeenCalledOnce();
});

test('a process that runs another one waits for its end, even if it has let go of it', async () => {
  const callback = vi.fn();
  const ask = whenLasting(callback);
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  child.unref();

  ask();
  vi.advanceTimersByTime(60_000);
  expect(callback).not.toHaveBeenCalled();
  child.kill('SIGKILL');
  await once(child, 'exit');
  vi.advanceTimersByTime(10_000);
  expect(callback).toHaveBeenCalledOnce();
});

test('a child that cannot be started is none', async () => {
  const callback = vi.fn();
  const ask = whenLasting(callback);
  await once(spawn('/nonexistent/program'), 'error');

  ask();
  vi.advanceTimersByTime(10_000);
  expect(callback).toHaveBeenCalledOnce();
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whenLasting } from '../../src/telemetry/when-lasting.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout'] }));
afterEach(() => vi.useRealTimers());

test('a process counts as lasting after ten seconds, once', () => {
  const callback = vi.fn();
  whenLasting(callback);
  vi.advanceTimersByTime(9_900);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(callback).toHaveBeenCalledOnce();
});

test('a process that runs another one waits for its end', async () => {
  vi.spyOn(process, 'getActiveResourcesInfo').mockReturnValueOnce(['ProcessWrap']);
  const callback = vi.fn();
  whenLasting(callback);
  vi.advanceTimersByTime(10_000);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(callback).toHaveBeenCalledOnce();
});

test('Node names a running child process as expected', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  expect(process.getActiveResourcesInfo()).toContain('ProcessWrap');
  child.kill('SIGKILL');
  await once(child, 'exit');
});

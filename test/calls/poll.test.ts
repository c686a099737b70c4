import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { pollRegularly } from '../../src/calls/poll.js';
import { log } from '../../src/log.js';
import { RPC_CLIENT } from '../../src/semconv/rpc.js';

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const minutes = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);

test('a task runs once a minute, as Redhook’s own traffic', async () => {
  const calls = createCalls({ observers: [], knownOperations: {} });
  const opened: unknown[] = [];
  pollRegularly('counts', async () => {
    opened.push(calls.open({ kind: 'client', convention: RPC_CLIENT, operation: '', attributes: {} }));
  });

  await minutes(3);

  expect(opened).toEqual([undefined, undefined, undefined]);
});

test('a failing task runs less often, and once a minute again after it succeeds', async () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  let runs = 0;
  let fails = true;
  pollRegularly('counts', async () => {
    runs += 1;
    if (fails) throw new Error('not permitted');
  });

  await minutes(7);
  expect(runs).toBe(3);
  expect(warn.mock.calls[0]).toEqual(['counts: not permitted; retrying at longer intervals']);
  await minutes(120);
  expect(runs).toBeLessThanOrEqual(10);

  fails = false;
  await minutes(30);
  const before = runs;
  await minutes(2);
  expect(runs).toBe(before + 2);
});

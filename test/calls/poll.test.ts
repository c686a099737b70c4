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

test('a task runs once a minute, as own traffic', async () => {
  const calls = createCalls({ observers: [], knownOperations: {} });
  const opened: unknown[] = [];
  pollRegularly('counts', async () => {
    opened.push(calls.open({ kind: 'client', convention: RPC_CLIENT, operation: '', attributes: {} }));
  });

  await minutes(3);

  expect(opened).toEqual([undefined, undefined, undefined]);
});

test('after a failure it is asked for less often, and as often as before when it works again', async () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  let asked = 0;
  let fails = true;
  pollRegularly('counts', async () => {
    asked += 1;
    if (fails) throw new Error('not permitted');
  });

  await minutes(7);
  expect(asked).toBe(3);
  expect(warn.mock.calls[0]).toEqual(['counts: not permitted; it is asked for again, ever less often']);
  await minutes(120);
  expect(asked).toBeLessThanOrEqual(10);

  fails = false;
  await minutes(30);
  const before = asked;
  await minutes(2);
  expect(asked).toBe(before + 2);
});

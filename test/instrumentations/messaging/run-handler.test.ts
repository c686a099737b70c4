import { expect, test, vi } from 'vitest';
import type { Call } from '../../../src/instrumentation.js';
import { runHandler } from '../../../src/instrumentations/messaging/run-handler.js';

const outcomeOf = (error: unknown) => ({ error, errorType: 'judged' });

function run(handler: (...args: unknown[]) => unknown) {
  const end = vi.fn();
  const call = {
    run: (fn: (...args: unknown[]) => unknown, thisArg: unknown, ...args: unknown[]) =>
      fn.apply(thisArg, args),
    end,
  } as unknown as Call;
  return { end, run: () => runHandler(call, outcomeOf, handler, 'this', ['a', 'b']) };
}

test('the handler has its `this` and arguments, and its result comes back at once if it is no promise', () => {
  const { end, run: start } = run(function (this: unknown, ...args) {
    return [this, args];
  });
  expect(start()).toEqual(['this', ['a', 'b']]);
  expect(end.mock.calls).toEqual([[{}]]);
});

test('the call of an asynchronous handler ends when that has', async () => {
  let finish = (_: unknown): void => {};
  const { end, run: start } = run(() => new Promise((resolve) => (finish = resolve)));
  const result = start();
  expect(end).not.toHaveBeenCalled();
  finish(7);
  expect(await result).toBe(7);
  expect(end.mock.calls).toEqual([[{}]]);
});

test('what the handler throws or rejects with is passed on and judged', async () => {
  const error = new Error('kaput');
  const throwing = run(() => {
    throw error;
  });
  expect(throwing.run).toThrow(error);
  const rejecting = run(() => Promise.reject(error));
  await expect(rejecting.run()).rejects.toBe(error);
  for (const { end } of [throwing, rejecting])
    expect(end.mock.calls).toEqual([[{ error, errorType: 'judged' }]]);
});

test('without a call the handler just runs', () => {
  expect(runHandler(undefined, outcomeOf, (...args) => args, undefined, [1])).toEqual([1]);
});

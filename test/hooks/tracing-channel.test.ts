import { tracingChannel } from 'node:diagnostics_channel';
import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Instrumentation } from '../../src/instrumentation.js';
import { HTTP_CLIENT } from '../../src/semconv/http.js';
import { record } from '../support/recorder.js';

interface Message {
  method: string;
  skip?: boolean;
  fault?: boolean;
}

const channel = tracingChannel<object, Message>('library:request');

const library: Instrumentation = {
  name: 'library',
  observes: 'A library that publishes on a tracing channel',
  conventions: [HTTP_CLIENT],
  targets: [
    {
      tracing: 'library:request',
      open({ method, skip, fault }: Message, calls) {
        if (fault) throw new Error('our own fault');
        if (skip) return undefined;
        return calls.open({ kind: 'client', convention: HTTP_CLIENT, operation: method });
      },
    },
  ],
};

const { calls, take } = record(library);

test('a synchronous operation is a call, which is current inside it', async () => {
  const inside = channel.traceSync(() => calls.current, { method: 'GET' });

  expect(inside).toBeDefined();
  expect(calls.current).toBeUndefined();
  expect(await take(1)).toMatchObject([{ operation: 'GET', error: undefined }]);
});

test('an operation that throws is a failed call, and its error reaches the caller', async () => {
  const thrown = new RangeError('no');
  const run = () =>
    channel.traceSync(
      () => {
        throw thrown;
      },
      { method: 'GET' },
    );

  expect(run).toThrow(thrown);
  expect(await take(1)).toMatchObject([{ error: 'RangeError' }]);
});

test('a promise ends the call when it settles, and the code that awaits it is outside the call', async () => {
  const gate = Promise.withResolvers<void>();
  const running = channel.tracePromise(
    async () => {
      await gate.promise;
      return calls.current;
    },
    { method: 'PUT' },
  );
  await tick();
  const inner = channel.traceSync(() => 1, { method: 'HEAD' });
  expect(inner).toBe(1);
  gate.resolve();

  expect(await running).toBeDefined();
  expect(calls.current).toBeUndefined();
  const [first, second] = await take(2);
  expect([first?.operation, second?.operation]).toEqual(['HEAD', 'PUT']);
  expect(first?.traceId).not.toBe(second?.traceId);
});

test('a promise that rejects is a failed call', async () => {
  const failure = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
  await expect(channel.tracePromise(() => Promise.reject(failure), { method: 'GET' })).rejects.toBe(failure);

  expect(await take(1)).toMatchObject([{ error: 'ECONNRESET' }]);
});

test('a callback ends the call and runs in the context of the caller', async () => {
  const outer = calls.open({ kind: 'client', convention: HTTP_CLIENT, operation: 'POST' });
  const seen = await new Promise((resolve) => {
    outer?.run(() =>
      channel.traceCallback(
        (callback: (error: unknown, value: number) => void) => void setImmediate(callback, null, 5),
        0,
        { method: 'GET' },
        undefined,
        (_error, value) => resolve([value, calls.current === outer]),
      ),
    );
  });
  outer?.end({});

  expect(seen).toEqual([5, true]);
  const [operation, around] = await take(2);
  expect(operation).toMatchObject({ operation: 'GET', traceId: around?.traceId });
});

test('an operation without a call runs in the context of the caller', async () => {
  const outer = calls.open({ kind: 'client', convention: HTTP_CLIENT, operation: 'GET' });
  const inside = outer?.run(() => channel.traceSync(() => calls.current, { method: 'GET', skip: true }));
  outer?.end({});

  expect(inside).toBe(outer);
  await take(1);
});

test('a promise that rejects with undefined is a failed call', async () => {
  await expect(channel.tracePromise(() => Promise.reject(undefined), { method: 'GET' })).rejects.toBe(
    undefined,
  );

  expect(await take(1)).toMatchObject([{ error: 'undefined' }]);
});

test('a message that has the fields of its outcome from the start ends with the operation', async () => {
  const message = { method: 'GET', result: undefined, error: undefined };
  const failure = new TypeError('late');
  const run = async () => {
    await tick();
    throw failure;
  };
  await expect(channel.tracePromise(run, message)).rejects.toBe(failure);

  expect(await take(1)).toMatchObject([{ error: 'TypeError' }]);
});

test('a library that publishes its events without entering a context has calls, too', async () => {
  const message = { method: 'GET' };
  channel.start.publish(message);
  expect(calls.current).toBeUndefined();
  channel.end.publish(message);
  channel.asyncEnd.publish(Object.assign(message, { result: 1 }));

  expect(await take(1)).toMatchObject([{ operation: 'GET', error: undefined }]);
});

test('a fault of the instrumentation does not reach the library', () => {
  expect(channel.traceSync(() => 7, { method: 'GET', fault: true })).toBe(7);
});

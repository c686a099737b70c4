import { promisify } from 'node:util';
import Memcached from 'memcached';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { memcached as instrumentation } from '../../src/instrumentations/memcached.js';
import { freePort } from '../support/app.js';
import { hasMemcached, startMemcached } from '../support/memcached.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';

const recorder = record(instrumentation);
const isAvailable = hasMemcached();
let server: Server;
let client: Memcached;

beforeAll(async () => {
  if (isAvailable) server = await startMemcached();
});
afterAll(() => server?.close());
beforeEach(() => {
  client = new Memcached(`127.0.0.1:${server?.port}`);
});
afterEach(() => {
  client.end();
  recorder.forget();
});

const set = (key: string, value: unknown) => promisify(client.set).call(client, key, value, 60);
const get = (key: string) => promisify(client.get).call(client, key);

describe.skipIf(!isAvailable)('memcached', () => {
  test('a command has the names of the conventions, and nothing of its key and value', async () => {
    const id = newTraceId();
    await inTrace(id, async () => {
      expect(await set('secret', 'value')).toBe(true);
      expect(await get('secret')).toBe('value');
    });

    const [stored, read] = await recorder.take(2);
    expect(stored).toMatchObject({ kind: 'client', traceId: id, route: 'set' });
    expect(read?.attributes).toEqual({
      'db.system.name': 'memcached',
      'db.operation.name': 'get',
      'db.query.summary': 'get',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  test('callbacks get what they would get, where they were passed', async () => {
    const id = newTraceId();
    const seen = await new Promise((resolve) => {
      inTrace(id, () => {
        client.incr('text that is no number', 1, (error, result) =>
          resolve([error instanceof Error, result, currentTraceId()]),
        );
      });
    });

    expect(seen).toEqual([true, undefined, id]);
    expect(await recorder.take(1)).toMatchObject([{ route: 'incr', traceId: id, error: 'Error' }]);
  });

  test('a server that nobody reaches fails the command with its code', async () => {
    const nowhere = new Memcached(`127.0.0.1:${await freePort()}`, { retries: 0 });
    await expect(promisify(nowhere.get).call(nowhere, 'a')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    nowhere.end();

    expect(await recorder.take(1)).toMatchObject([{ route: 'get', error: 'ECONNREFUSED' }]);
  });

  test('of 1,000 mixed commands each is counted once, in its own trace', async () => {
    const kinds: Kind[] = [
      [['set ok'], () => set('a', 1)],
      [['get ok'], () => get('a')],
      [['get ok'], () => get('none')],
      [['delete ok'], () => promisify(client.del).call(client, 'none')],
      [['append Error'], () => promisify(client.append).call(client, 'none', 'b')],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.allSettled(requests);
    await expectCalls(recorder, expected);
  });
});

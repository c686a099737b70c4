import * as redis6 from 'redis';
import * as redis4 from 'redis4';
import * as redis5 from 'redis5';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { redis as instrumentation } from '../../src/instrumentations/redis.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { outcome, record } from '../support/recorder.js';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/server.js';
import { inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

const recorder = record(instrumentation);
let server: Server;

beforeAll(async () => {
  if (hasRedis()) server = await startRedis();
});
afterAll(() => server?.close());

type Redis = typeof redis6;
type Client = redis6.RedisClientType;

describe.skipIf(!hasRedis()).each([
  ['4', redis4 as unknown as Redis],
  ['5', redis5 as unknown as Redis],
  ['6', redis6],
])('redis %s', (version, { createClient, createClientPool }) => {
  const open: Client[] = [];

  async function connect(options: object = {}): Promise<Client> {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}`, ...options }) as Client;
    client.on('error', () => {});
    await client.connect();
    open.push(client);
    return client;
  }

  beforeAll(async () => {
    const client = await connect();
    await client.flushAll();
    await client.set('text', 'a');
    recorder.forget();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.disconnect();
    recorder.forget();
  });

  test('a command has the names of the conventions, and nothing of its arguments', async () => {
    const client = await connect({ database: 2, name: 'test' });
    expect(await client.set('key', 'value')).toBe('OK');

    const [call] = await recorder.take(1);
    expect(call?.kind).toBe('client');
    expect(call?.attributes).toEqual({
      'db.system.name': 'redis',
      'db.namespace': '2',
      'db.operation.name': 'SET',
      'db.query.summary': 'SET',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  test('a command is one call by every way to send it', async () => {
    const client = await connect();
    expect(await client.sendCommand(['GET', 'text'])).toBe('a');
    await client.hSet('hash', 'a', 1);
    expect(await client.hGetAll('hash')).toEqual({ a: '1' });
    for await (const _ of client.scanIterator()) break;

    expect((await recorder.take(4)).map(({ route }) => route)).toEqual(['GET', 'HSET', 'HGETALL', 'SCAN']);
  });

  test('an error of Redis has its first word, other errors have their class', async () => {
    const client = await connect();
    await expect(client.lPush('text', '1')).rejects.toThrow('WRONGTYPE');
    await expect(client.sendCommand(['nonsense'])).rejects.toThrow('unknown command');
    const blocked = client.blPop('nothing', 0).catch((error) => error);
    await expect.poll(() => client.isReady).toBe(true);
    await client.disconnect();
    expect(await blocked).toBeInstanceOf(Error);

    expect((await recorder.take(3)).map(outcome)).toEqual([
      { route: 'LPUSH', code: 'WRONGTYPE', error: 'WRONGTYPE' },
      { route: 'NONSENSE', code: 'ERR', error: 'ERR' },
      { route: 'BLPOP', code: undefined, error: 'DisconnectsClientError' },
    ]);
    open.length = 0;
  });

  test.skipIf(version === '4')('what the application stops itself is no error', async () => {
    const client = await connect();
    const view = (client as unknown as { withAbortSignal(signal: AbortSignal): Client }).withAbortSignal(
      AbortSignal.abort(),
    );
    await expect(view.get('text')).rejects.toThrow();

    expect((await recorder.take(1)).map(outcome)).toEqual([
      { route: 'GET', code: undefined, error: undefined },
    ]);
  });

  test('a rejection that nobody handles stays one', async () => {
    const client = await connect();
    expect(await unhandledRejection(() => void client.lPush('text', '1'))).toMatchObject({
      message: expect.stringContaining('WRONGTYPE'),
    });
    await recorder.take(1);
  });

  test('each command of a transaction and of a pipeline is a call', async () => {
    const client = await connect();
    const id = newTraceId();
    await inTrace(id, () => client.multi().incr('n').get('text').exec());
    await inTrace(id, () => client.multi().get('text').incr('n').execAsPipeline());

    const calls = await recorder.take(6);
    expect(calls.map(({ route }) => route)).toEqual(['MULTI', 'INCR', 'GET', 'EXEC', 'GET', 'INCR']);
    expect(new Set(calls.map(({ traceId }) => traceId))).toEqual(new Set([id]));
    expect(calls[5]?.attributes).toMatchObject({ 'server.port': server.port });
  });

  test.skipIf(version === '4')(
    'a command of a pool that is used up belongs to where it was made',
    async () => {
      const pool = createClientPool({ url: `redis://127.0.0.1:${server.port}` }, { minimum: 1, maximum: 1 });
      pool.on('error', () => {});
      await pool.connect();
      const ids = Array.from({ length: 10 }, newTraceId);
      await Promise.all(ids.map((id) => inTrace(id, () => pool.get('text'))));
      await pool.close();

      expect((await recorder.take(10)).map(({ traceId }) => traceId)).toEqual(ids);
    },
  );

  test('of 1,000 mixed commands each is one call, in the trace of its request', async () => {
    const client = await connect();
    const ignore = () => {};
    const kinds: Kind[] = [
      [['GET ok'], () => client.get('text')],
      [['SET ok'], () => client.set('k', 'v')],
      [['LPUSH WRONGTYPE'], () => client.lPush('text', '1').catch(ignore)],
      [['GET ok', 'INCR ok'], () => client.multi().get('text').incr('n').execAsPipeline()],
      [['EXEC ok', 'INCR ok', 'INCR ok', 'MULTI ok'], () => client.multi().incr('n').incr('n').exec()],
      [['NONSENSE ERR'], () => client.sendCommand(['nonsense']).catch(ignore)],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.all(requests);

    await expectCalls(recorder, expected);
  });
});

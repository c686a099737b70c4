import { createRequire } from 'node:module';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ioredis as instrumentation } from '../../src/instrumentations/ioredis.js';
import { freePort } from '../support/app.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { outcome, record } from '../support/recorder.js';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

const require = createRequire(import.meta.url);
const recorder = record(instrumentation);
let server: Server;

beforeAll(async () => {
  if (hasRedis()) server = await startRedis();
});
afterAll(() => server?.close());

const versions = [
  ['5', 'ioredis5', Redis5 as unknown as typeof Redis6],
  ['6', 'ioredis', Redis6],
] as const;

describe.skipIf(!hasRedis()).each(versions)('ioredis %s', (_, name, Redis) => {
  const { Command } = require(name);
  const open: Redis6[] = [];

  async function connect(options: object = {}): Promise<Redis6> {
    const redis = new Redis({ host: server.host, port: server.port, ...options });
    redis.on('error', () => {});
    open.push(redis);
    return redis;
  }

  beforeAll(async () => {
    const redis = await connect();
    await redis.flushall();
    await redis.set('text', 'a');
    await redis.quit();
    recorder.forget();
  });
  afterEach(() => {
    for (const each of open.splice(0)) each.disconnect();
    recorder.forget();
  });

  test('a command has the names of the conventions, and nothing of its arguments', async () => {
    const redis = await connect({ db: 2 });
    expect(await redis.set('key', 'value')).toBe('OK');

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

  test('a command is one call by every way to send it, and its callback runs where it was passed', async () => {
    const redis = await connect();
    await redis.call('json.get', 'x').catch(() => {});
    await redis.sendCommand(new Command('get', ['text']));
    redis.defineCommand('twice', { numberOfKeys: 0, lua: 'return ARGV[1]..ARGV[1]' });
    expect(await (redis as unknown as { twice(of: string): Promise<string> }).twice('x')).toBe('xx');
    const id = newTraceId();
    const seen = await new Promise((resolve) => {
      inTrace(id, () => redis.get('text', (error, value) => resolve([error, value, currentTraceId()])));
    });

    expect(seen).toEqual([null, 'a', id]);
    expect((await recorder.take(4)).map(({ route }) => route)).toEqual(['JSON.GET', 'GET', 'EVALSHA', 'GET']);
  });

  test('an error of Redis has its first word, other errors have their own', async () => {
    const redis = await connect({ commandTimeout: 50 });
    await expect(redis.lpush('text', 1)).rejects.toThrow('WRONGTYPE');
    await expect(redis.call('nonsense')).rejects.toThrow('unknown command');
    await expect(redis.blpop('nothing', 0)).rejects.toThrow('timed out');
    redis.disconnect();
    await expect(redis.get('text')).rejects.toThrow('closed');

    expect((await recorder.take(4)).map(outcome)).toEqual([
      { route: 'LPUSH', code: 'WRONGTYPE', error: 'WRONGTYPE' },
      { route: 'NONSENSE', code: 'ERR', error: 'ERR' },
      { route: 'BLPOP', code: undefined, error: 'timeout' },
      { route: 'GET', code: undefined, error: 'Error' },
    ]);
  });

  test('a rejection that nobody handles stays one', async () => {
    const redis = await connect();
    expect(await unhandledRejection(() => void redis.lpush('text', 1))).toMatchObject({ name: 'ReplyError' });
    await recorder.take(1);
  });

  test('each command of a pipeline and of a transaction is a call', async () => {
    const redis = await connect();
    const id = newTraceId();
    const results = await inTrace(id, () => redis.pipeline().get('text').lpush('text', 1).incr('n').exec());
    expect(results?.map(([error]) => error?.name)).toEqual([undefined, 'ReplyError', undefined]);
    const answers = await inTrace(id, () => redis.multi().incr('n').get('text').exec());
    expect(answers?.[1]).toEqual([null, 'a']);

    const calls = await recorder.take(7);
    expect(calls.map(({ route, code }) => `${route} ${code ?? 'ok'}`)).toEqual([
      'GET ok',
      'LPUSH WRONGTYPE',
      'INCR ok',
      'MULTI ok',
      'INCR ok',
      'GET ok',
      'EXEC ok',
    ]);
    expect(new Set(calls.map(({ traceId }) => traceId))).toEqual(new Set([id]));
  });

  test('commands that ioredis puts into one pipeline belong to where each was made', async () => {
    const redis = await connect({ enableAutoPipelining: true });
    await redis.get('text');
    await recorder.take(1);
    const ids = Array.from({ length: 10 }, newTraceId);
    await Promise.all(ids.map((id) => inTrace(id, () => redis.get('text'))));

    expect((await recorder.take(10)).map(({ traceId }) => traceId)).toEqual(ids);
  });

  test('a command that waits for a connection, and is sent again after it broke, is one call', async () => {
    const redis = await connect();
    const id = newTraceId();
    const value = inTrace(id, () => redis.get('text'));
    expect(await value).toBe('a');
    expect(await recorder.take(1)).toMatchObject([{ traceId: id }]);

    const admin = await connect();
    const blocked = inTrace(id, () => redis.blpop('list', 0));
    const clients = String(await admin.client('LIST'));
    const [, blockedId] = /id=(\d+) [^\n]* cmd=blpop/.exec(clients) ?? [];
    await admin.client('KILL', 'ID', Number(blockedId));
    await expect.poll(() => redis.status).toBe('ready');
    await admin.rpush('list', 'x');
    expect(await blocked).toEqual(['list', 'x']);

    const calls = (await recorder.take(recorder.ended.length)).filter(({ route }) => route === 'BLPOP');
    expect(calls).toMatchObject([{ traceId: id, error: undefined }]);
  });

  test('a command without a server fails once', async () => {
    const redis = await connect({ port: await freePort(), maxRetriesPerRequest: 0, retryStrategy: null });
    await expect(redis.get('text')).rejects.toThrow();
    await recorder.take(1);
  });

  test('of 1,000 mixed commands each is one call, in the trace of its request', async () => {
    const redis = await connect();
    const impatient = await connect({ commandTimeout: 30 });
    const kinds: Kind[] = [
      [['GET ok'], () => redis.get('text')],
      [['SET ok'], () => redis.set('k', 'v')],
      [['LPUSH WRONGTYPE'], () => redis.lpush('text', 1).catch(() => {})],
      [
        ['GET ok', 'INCR ok', 'LPUSH WRONGTYPE'],
        () => redis.pipeline().get('text').incr('n').lpush('text', 1).exec(),
      ],
      [['EXEC ok', 'INCR ok', 'INCR ok', 'MULTI ok'], () => redis.multi().incr('n').incr('n').exec()],
      [
        ['MULTI ok', 'NONSENSE ERR', 'EXEC EXECABORT'].sort(),
        () =>
          redis
            .multi()
            .call('nonsense')
            .exec()
            .catch(() => {}),
      ],
    ];
    const { expected, requests } = startMixed(kinds);
    for (let i = 0; i < 3; i += 1) {
      const id = newTraceId();
      expected.set(id, ['BLPOP timeout']);
      requests.push(inTrace(id, () => impatient.blpop('nothing', 0).catch(() => {})));
    }
    await Promise.all(requests);

    await expectCalls(recorder, expected);
  });
});

import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import Postgres from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pg as instrumentation } from '../../src/instrumentations/pg.js';
import { freePort } from '../support/app.js';
import { expectCalls } from '../support/mixed-operations.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { outcome, record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

interface Cursor extends Postgres.Submittable {
  read(rows: number): Promise<unknown[]>;
  read(rows: number, done: (error: Error | undefined, rows: unknown[]) => void): void;
  close(): Promise<void>;
}

type New<T> = new (text: string, values?: unknown[], config?: object) => T;

const require = createRequire(import.meta.url);
const Cursor: New<Cursor> = require('pg-cursor');
const QueryStream: New<NodeJS.ReadableStream & Postgres.Submittable> = require('pg-query-stream');

const recorder = record(instrumentation);
const open: { end(): Promise<void> }[] = [];
let server: Server;

function createPool(config: Postgres.PoolConfig = {}): Postgres.Pool {
  const { host, port } = server;
  const pool = new Postgres.Pool({ host, port, user: 'postgres', database: 'postgres', ...config });
  // The end of a connection while nobody uses it.
  pool.on('error', () => {});
  open.push(pool);
  return pool;
}

async function connect(config: Postgres.ClientConfig = {}): Promise<Postgres.Client> {
  const { host, port } = server;
  const client = new Postgres.Client({ host, port, user: 'postgres', database: 'postgres', ...config });
  client.on('error', () => {});
  await client.connect();
  open.push(client);
  return client;
}

describe.skipIf(!hasPostgres())('with PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres();
    await createPool().query(
      'CREATE TABLE orders (id int PRIMARY KEY, name text); INSERT INTO orders SELECT n FROM generate_series(1, 250) n',
    );
    recorder.forget();
  }, 60_000);
  afterEach(async () => {
    await Promise.allSettled(open.splice(0).map((each) => each.end()));
    recorder.forget();
  });
  afterAll(() => server?.close());

  test('a query has the names of the conventions, and a text without literals', async () => {
    const client = await connect();
    const { rows } = await client.query("SELECT id FROM orders o WHERE id = $1 AND 'a' = 'a'", [7]);

    expect(rows).toEqual([{ id: 7 }]);
    const [call] = await recorder.take(1);
    expect(call?.kind).toBe('client');
    expect(call?.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'db.collection.name': 'orders',
      'db.operation.name': 'SELECT',
      'db.query.summary': 'SELECT orders',
      'db.query.text': 'SELECT id FROM orders o WHERE id = $1 AND ? = ?',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  test('a query is one call by every way to ask, and its callback runs where it was passed', async () => {
    const client = await connect();
    const pool = createPool();
    const seen: unknown[] = [];
    const ask = (query: (done: (error: unknown, result: { rows: unknown[] }) => void) => unknown) =>
      new Promise((resolve) => {
        const traceId = newTraceId();
        inTrace(traceId, () =>
          query((error, result) => {
            seen.push([error ?? undefined, result.rows, currentTraceId() === traceId]);
            resolve(undefined);
          }),
        );
      });

    await ask((done) => client.query('SELECT 1 AS a', done as never));
    await ask((done) => client.query('SELECT $1::int AS a', [1], done as never));
    await ask((done) => client.query({ text: 'SELECT 1 AS a', callback: done } as never));
    await ask((done) => client.query({ name: 'one', text: 'SELECT 1 AS a' }, done as never));
    await ask((done) => client.query(new Postgres.Query('SELECT 1 AS a', done as never)));
    await ask((done) => pool.query('SELECT 1 AS a', done as never));
    await ask((done) => pool.query('SELECT $1::int AS a', [1], done as never));
    await ask(async (done) => done(undefined, await pool.query({ text: 'SELECT 1 AS a' })));
    await ask((done) =>
      client.query(new Postgres.Query('SELECT 1 AS a')).on('end', (r) => done(undefined, r as never)),
    );

    const row = { a: 1 };
    expect(seen).toEqual(Array(9).fill([undefined, [row], true]));
    await recorder.take(9);
  });

  test('the query object of pg looks as it does without the instrumentation', async () => {
    const callback = () => {};
    const query = new Postgres.Query('SELECT 1', callback as never);

    expect(Object.getOwnPropertyDescriptor(query, 'callback')).toEqual({
      value: callback,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(Object.keys(query).indexOf('callback')).toBeGreaterThan(Object.keys(query).indexOf('portal'));
  });

  test('an error of the server has its SQLSTATE, and is the error that the application gets', async () => {
    const client = await connect();

    const error = await client.query("INSERT INTO orders VALUES (1, 'secret')").catch((reason) => reason);
    expect(error).toMatchObject({ name: 'error', code: '23505' });
    expect(error.stack).toContain('pg.test.ts');
    expect(error.stack).not.toContain('src/');
    await new Promise((resolve) => client.query('SELECT 1/0', resolve));

    expect((await recorder.take(2)).map(outcome)).toEqual([
      { route: 'INSERT orders', code: '23505', error: '23505' },
      { route: 'SELECT', code: '22012', error: '22012' },
    ]);
  });

  test('a rejection that nobody handles stays one', async () => {
    const client = await connect();
    expect(await unhandledRejection(() => void client.query('SELECT 1/0'))).toMatchObject({ code: '22012' });
    await recorder.take(1);
  });

  test('a query that throws, that pg refuses, or whose row or parameter fails, is one failed call', async () => {
    const client = await connect();
    expect(() => client.query(null as never)).toThrow('null or undefined query');
    expect(() => client.query('SELECT 1', [], 7 as never)).toThrow('callback is not a function');
    await expect(client.query({} as never)).rejects.toThrow('must have either text or a name');
    const types = {
      getTypeParser: () => () => {
        throw new RangeError('row');
      },
    };
    await expect(client.query({ text: 'SELECT 1 AS a', types } as never)).rejects.toThrow('row');
    const value = {
      toPostgres: () => {
        throw new RangeError('value');
      },
    };
    await expect(client.query('SELECT $1', [value])).rejects.toThrow('value');

    expect((await recorder.take(5)).map(({ error }) => error)).toEqual([
      'TypeError',
      'TypeError',
      'Error',
      'RangeError',
      'RangeError',
    ]);
  });

  test('a time-out is told from other errors, and the late answer makes no second call', async () => {
    const pool = createPool({ query_timeout: 30, max: 1 });
    await expect(pool.query('SELECT pg_sleep(0.2)')).rejects.toThrow('Query read timeout');
    await sleep(250);
    const limited = await connect({ statement_timeout: 20 });
    await expect(limited.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });

    expect((await recorder.take(2)).map(outcome)).toEqual([
      { route: 'SELECT', code: undefined, error: 'timeout' },
      { route: 'SELECT', code: '57014', error: '57014' },
    ]);
  });

  test('queries in the queue of a client that ends are failed calls', async () => {
    const client = await connect();
    const queries = [1, 2, 3].map((n) => client.query(`SELECT pg_sleep(${n})`));
    const settled = Promise.allSettled(queries);
    await client.end();
    await settled;
    await expect(client.query('SELECT 1')).rejects.toThrow('closed');

    expect((await recorder.take(4)).map(({ error }) => error)).toEqual(Array(4).fill('Error'));
  });

  test('a query of a saturated pool belongs to where it was made, and so does what its callback does', async () => {
    const pool = createPool({ max: 1 });
    const ids = Array.from({ length: 20 }, newTraceId);
    const inCallbacks: (string | undefined)[] = [];
    const one = (id: string, i: number) =>
      inTrace(id, () =>
        i % 2 === 0
          ? pool.query('SELECT pg_sleep(0.002)')
          : new Promise<void>((resolve) =>
              pool.connect((_error, client, release) => {
                inCallbacks.push(currentTraceId());
                client?.query('SELECT pg_sleep(0.002)', () => {
                  release();
                  resolve();
                });
              }),
            ),
      );
    await Promise.all(ids.map(one));

    expect((await recorder.take(20)).map(({ traceId }) => traceId)).toEqual(ids);
    expect(inCallbacks).toEqual(ids.filter((_, i) => i % 2 === 1));
  });

  test('a query of a pool that gets no client is a failed call', async () => {
    const port = await freePort();
    const pool = createPool({ port, connectionString: undefined });
    await expect(pool.query('SELECT id FROM orders')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const text = createPool({ connectionString: `postgres://postgres@127.0.0.1:${port}/shop` });
    await new Promise((resolve) => text.query('SELECT id FROM orders', resolve));
    const full = createPool({ max: 1, connectionTimeoutMillis: 500 });
    const client = await full.connect();
    await expect(full.query('SELECT id FROM orders')).rejects.toThrow('timeout exceeded');
    client.release(new Error('of the application'));
    await full.end();
    await expect(full.query('SELECT id FROM orders')).rejects.toThrow('after calling end');
    await new Promise((resolve) => full.query(resolve as never));

    const calls = await recorder.take(4);
    expect(calls.map(({ error }) => error)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'Error', 'Error']);
    expect(calls[1]?.attributes).toMatchObject({ 'server.port': port, 'db.namespace': 'shop' });
    open.length = 0;
  });

  test('a cursor and a stream are one call each, to their last row, an early end or an error', async () => {
    const client = await connect();
    const id = newTraceId();
    await inTrace(id, async () => {
      const cursor = client.query(new Cursor('SELECT * FROM orders'));
      expect(await cursor.read(200)).toHaveLength(200);
      const rest = await new Promise<unknown[]>((resolve) => {
        cursor.read(200, (_error, rows) => {
          expect(currentTraceId()).toBe(id);
          resolve(rows);
        });
      });
      expect(rest).toHaveLength(50);
      const early = client.query(new Cursor('SELECT * FROM orders'));
      expect(await early.read(1)).toHaveLength(1);
      await early.close();
      await expect(client.query(new Cursor('SELECT 1/0')).read(1)).rejects.toMatchObject({ code: '22012' });
      let rows = 0;
      for await (const _ of client.query(new QueryStream('SELECT * FROM orders'))) rows += 1;
      expect(rows).toBe(250);
      for await (const _ of client.query(new QueryStream('SELECT * FROM orders'))) break;
      const failing = async () => {
        for await (const _ of client.query(new QueryStream('SELECT 1/(id-9) FROM orders'))) rows += 1;
      };
      await expect(failing()).rejects.toMatchObject({ code: '22012' });
    });

    const calls = await recorder.take(6);
    expect(calls.map(({ code }) => code)).toEqual([
      undefined,
      undefined,
      '22012',
      undefined,
      undefined,
      '22012',
    ]);
    expect(calls.map(({ traceId }) => traceId)).toEqual(Array(6).fill(id));
    expect(calls[3]).toMatchObject({ route: 'SELECT orders' });
  });

  test('a pipeline answers each query by itself', async () => {
    const client = await connect({ pipeline: true } as object);
    const ids = Array.from({ length: 10 }, newTraceId);
    const results = await Promise.allSettled(
      ids.map((id, i) => inTrace(id, () => client.query(`SELECT 1/(${i} % 3)`))),
    );

    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    const calls = await recorder.take(10);
    expect(calls.filter(({ code }) => code === '22012')).toHaveLength(4);
    expect(calls.map(({ traceId }) => traceId).sort()).toEqual([...ids].sort());
  });

  test('rows are told of in the context of the query', async () => {
    await inTrace(newTraceId(), () => connect());
    const pool = createPool({ max: 1 });
    await inTrace(newTraceId(), () => pool.query('SELECT 1'));
    const id = newTraceId();
    const client = await pool.connect();
    const seen = await new Promise((resolve) => {
      inTrace(id, () =>
        client.query(new Postgres.Query('SELECT 1')).on('row', () => resolve(currentTraceId())),
      );
    });
    client.release();

    expect(seen).toBe(id);
    await recorder.take(2);
  });

  test('of 1,000 mixed operations each is one call, in the trace of its request', async () => {
    const pool = createPool({ max: 5 });
    const impatient = createPool({ max: 2, query_timeout: 20 });
    const expected = new Map<string, string[]>();
    const transaction = async (traceId: string, end: string) => {
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query('UPDATE orders SET name = $1 WHERE id = $2', ['x', 1]);
      await client.query(end);
      client.release();
      expected.set(traceId, ['BEGIN ok', 'UPDATE orders ok', `${end} ok`]);
    };
    const failed = async (operation: Promise<unknown>) =>
      void (await operation.then(
        () => expect.fail(),
        () => {},
      ));
    const kinds: ((traceId: string) => Promise<void>)[] = [
      async (id) => {
        await pool.query('SELECT * FROM orders WHERE id = $1', [3]);
        expected.set(id, ['SELECT orders ok']);
      },
      async (id) => {
        await failed(pool.query('SELECT 1/0'));
        expected.set(id, ['SELECT 22012']);
      },
      async (id) => {
        await failed(impatient.query('SELECT pg_sleep(1)'));
        expected.set(id, ['SELECT timeout']);
      },
      async (id) => {
        await failed(pool.query('SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(10)'));
        expected.set(id, ['SELECT 57014']);
      },
      (id) => transaction(id, 'COMMIT'),
      (id) => transaction(id, 'ROLLBACK'),
      async (id) => {
        const client = await pool.connect();
        const cursor = client.query(new Cursor('SELECT * FROM orders'));
        while ((await cursor.read(100)).length > 0);
        client.release();
        expected.set(id, ['SELECT orders ok']);
      },
      async (id) => {
        const client = await pool.connect();
        await Promise.all([1, 2, 3].map((n) => client.query('SELECT $1::int', [n])));
        client.release();
        expected.set(id, ['SELECT ok', 'SELECT ok', 'SELECT ok']);
      },
    ];

    const requests: Promise<void>[] = [];
    for (let i = 0, operations = 0; operations < 1_000; i += 1) {
      const id = newTraceId();
      const kind = kinds[i % kinds.length] as (typeof kinds)[number];
      requests.push(inTrace(id, () => kind(id)));
      operations += [1, 1, 1, 1, 3, 3, 1, 3][i % kinds.length] as number;
      // As many as a service serves at once.
      if (requests.length % 20 === 0) await Promise.all(requests);
    }
    await Promise.all(requests);

    const total = [...expected.values()].flat().length;
    expect(total).toBeGreaterThanOrEqual(1_000);
    for (const calls of expected.values()) calls.sort();
    await expectCalls(recorder, expected);
  }, 60_000);
});

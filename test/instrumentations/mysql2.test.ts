import mysql from 'mysql2';
import promises from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mysql2 as instrumentation } from '../../src/instrumentations/mysql2.js';
import { freePort } from '../support/app.js';
import { hasMariadb, startMariadb } from '../support/mariadb.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { outcome, record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

const recorder = record(instrumentation);
const open: { end(): unknown }[] = [];
let server: Server;

function options(more: mysql.PoolOptions = {}): mysql.PoolOptions {
  return { host: server.host, port: server.port, user: 'root', database: 'shop', ...more };
}

function createPool(more?: mysql.PoolOptions): promises.Pool {
  const pool = promises.createPool(options(more));
  open.push(pool);
  return pool;
}

function connect(more?: mysql.ConnectionOptions): mysql.Connection {
  const connection = mysql.createConnection(options(more));
  connection.on('error', () => {});
  open.push(connection);
  return connection;
}

describe.skipIf(!hasMariadb())('with MariaDB', () => {
  beforeAll(async () => {
    server = await startMariadb();
    const connection = await promises.createConnection(options({ database: 'mysql' }));
    await connection.query('CREATE DATABASE shop');
    await connection.query('CREATE TABLE shop.orders (id int PRIMARY KEY, name text)');
    await connection.query('INSERT INTO shop.orders SELECT seq, NULL FROM shop.seq_1_to_250');
    await connection.end();
    recorder.forget();
  }, 60_000);
  afterEach(async () => {
    await Promise.allSettled(open.splice(0).map((each) => each.end()));
    recorder.forget();
  });
  afterAll(() => server?.close());

  test('a query has the names of the conventions, and a text without literals', async () => {
    const [rows] = await createPool().query('SELECT id FROM orders WHERE id = ? AND "a" = \'a\'', [7]);

    expect(rows).toEqual([{ id: 7 }]);
    const [call] = await recorder.take(1);
    expect(call?.kind).toBe('client');
    expect(call?.attributes).toEqual({
      'db.system.name': 'mysql',
      'db.namespace': 'shop',
      'db.collection.name': 'orders',
      'db.operation.name': 'SELECT',
      'db.query.summary': 'SELECT orders',
      'db.query.text': 'SELECT id FROM orders WHERE id = ? AND ? = ?',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  test('a query is one call by every way to ask, and its callback runs where it was passed', async () => {
    const connection = connect();
    const pool = mysql.createPool(options());
    open.push({ end: () => pool.promise().end() });
    const seen: unknown[] = [];
    const ask = (query: (done: (...args: unknown[]) => void) => unknown) =>
      new Promise((resolve) => {
        const traceId = newTraceId();
        inTrace(traceId, () =>
          query((error, rows) => {
            seen.push([error ?? undefined, rows, currentTraceId() === traceId]);
            resolve(undefined);
          }),
        );
      });

    await ask((done) => connection.query('SELECT 1 AS a', done));
    await ask((done) => connection.query('SELECT ? AS a', [1], done));
    await ask((done) => connection.query({ sql: 'SELECT 1 AS a' }, done));
    await ask((done) => connection.execute('SELECT ? + 0 AS a', [1], done));
    await ask((done) => pool.query('SELECT 1 AS a', done));
    await ask((done) => pool.execute('SELECT 1 AS a', done));
    await ask(async (done) => done(undefined, (await connection.promise().query('SELECT 1 AS a'))[0]));
    await ask((done) => {
      connection.prepare('SELECT 1 AS a', (_error, statement) => {
        statement.execute([], done);
      });
    });
    const answer = [undefined, [{ a: 1 }]];
    // The callback of `prepare`, in which the last one was asked, runs in the context of the connection.
    expect(seen).toEqual([...Array(7).fill([...answer, true]), [...answer, expect.anything()]]);
    await recorder.take(8);
  });

  test('a query without a callback ends with its events, a stream with its last row', async () => {
    const connection = connect();
    await new Promise((resolve) => connection.query('SELECT 1').on('end', () => resolve(undefined)));
    let rows = 0;
    for await (const _ of connection.query('SELECT * FROM orders').stream()) rows += 1;
    expect(rows).toBe(250);
    const pool = mysql.createPool(options());
    open.push({ end: () => pool.promise().end() });
    await new Promise((resolve) => pool.query('SELECT 1').on('end', () => resolve(undefined)));

    expect((await recorder.take(3)).map(({ route }) => route)).toEqual(['SELECT', 'SELECT orders', 'SELECT']);
  });

  test('an error of the server has its number, and is the error that the application gets', async () => {
    const pool = createPool();
    await expect(pool.query("INSERT INTO orders VALUES (1, 'secret')")).rejects.toMatchObject({
      code: 'ER_DUP_ENTRY',
    });
    await expect(pool.execute('SELECT nothing FROM orders')).rejects.toMatchObject({ errno: 1054 });
    await expect(pool.query('SELEC 1')).rejects.toMatchObject({ errno: 1064 });

    expect((await recorder.take(3)).map(outcome)).toEqual([
      { route: 'INSERT orders', code: '1062', error: '1062' },
      { route: 'SELECT orders', code: '1054', error: '1054' },
      { route: undefined, code: '1064', error: '1064' },
    ]);
  });

  test('an error that nobody handles stays one, by promise and by event', async () => {
    const connection = connect();
    expect(await unhandledRejection(() => void connection.promise().query('SELEC 1'))).toMatchObject({
      errno: 1064,
    });
    const thrown = new Promise((resolve) => {
      const query = connection.query('SELEC 1');
      expect(query.listenerCount('error')).toBe(0);
      query.on('error', resolve);
    });
    expect(await thrown).toMatchObject({ errno: 1064 });

    await recorder.take(2);
  });

  test('a query that throws at once is a failed call', async () => {
    const connection = connect();
    expect(() => connection.execute('SELECT ?', [undefined] as never, () => {})).toThrow(
      'must not contain undefined',
    );

    expect((await recorder.take(1)).map(({ error }) => error)).toEqual(['TypeError']);
  });

  test('a time-out is told from other errors, and a query that is killed has the number of the server', async () => {
    const connection = connect();
    await expect(connection.promise().query({ sql: 'SELECT SLEEP(2)', timeout: 30 })).rejects.toThrow(
      'timeout',
    );
    connection.destroy();
    await expect(
      createPool().query(
        'SET STATEMENT max_statement_time=0.02 FOR SELECT COUNT(*) FROM orders a, orders b, orders c, orders d',
      ),
    ).rejects.toMatchObject({ errno: 1969 });

    expect((await recorder.take(2)).map(({ code, error }) => ({ code, error }))).toEqual([
      { code: undefined, error: 'timeout' },
      { code: '1969', error: '1969' },
    ]);
  });

  test('queries in the queue of a connection that breaks are failed calls', async () => {
    const connection = connect();
    const pid = (await connection.promise().query('SELECT CONNECTION_ID() AS id'))[0] as { id: number }[];
    const failed = [connection.promise().query('SELECT SLEEP(5)'), connection.promise().query('SELECT 2')];
    connection.query('SELECT 3');
    const settled = Promise.allSettled(failed);
    await createPool().query(`KILL ${pid[0]?.id}`);
    await settled;

    const calls = await recorder.take(5);
    expect(calls.filter(({ error }) => error !== undefined)).toHaveLength(3);
  });

  test('a query of a saturated pool belongs to where it was made', async () => {
    const pool = createPool({ connectionLimit: 1 });
    const ids = Array.from({ length: 20 }, newTraceId);
    await Promise.all(
      ids.map((id, i) => inTrace(id, () => (i % 2 ? pool.query('SELECT 1') : pool.execute('SELECT 1')))),
    );

    expect((await recorder.take(20)).map(({ traceId }) => traceId)).toEqual(ids);
  });

  test('a query of a pool that gets no connection is a failed call', async () => {
    const pool = createPool({ port: await freePort() });
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const full = createPool({ connectionLimit: 1, waitForConnections: false });
    const connection = await full.getConnection();
    await expect(full.execute('SELECT 1')).rejects.toThrow('No connections available');
    connection.release();

    expect((await recorder.take(2)).map(({ error }) => error)).toEqual(['ECONNREFUSED', 'Error']);
  });

  test('of 1,000 mixed operations each is one call, in the trace of its request', async () => {
    const pool = createPool({ connectionLimit: 5 });
    const slow = createPool({ connectionLimit: 4 });
    const ignore = () => {};
    const kinds: Kind[] = [
      [['SELECT orders ok'], () => pool.query('SELECT * FROM orders WHERE id = ?', [3])],
      [['SELECT orders ok'], () => pool.execute('SELECT * FROM orders WHERE id = ?', [3])],
      [['INSERT orders 1062'], () => pool.query('INSERT INTO orders VALUES (1, NULL)').catch(ignore)],
      [['SELECT timeout'], () => slow.query({ sql: 'SELECT SLEEP(0.05)', timeout: 10 }).catch(ignore)],
      [
        ['SET SELECT orders 1969'],
        () =>
          pool.query('SET STATEMENT max_statement_time=0.01 FOR SELECT SLEEP(1) FROM orders').catch(ignore),
      ],
      [
        ['START TRANSACTION ok', 'UPDATE orders ok', 'COMMIT ok'].sort(),
        async () => {
          const connection = await pool.getConnection();
          await connection.beginTransaction();
          await connection.execute('UPDATE orders SET name = ? WHERE id = ?', ['x', 2]);
          await connection.commit();
          connection.release();
        },
      ],
      [
        ['SELECT orders ok', 'SELECT ok', 'SELECT 1064'].sort(),
        async () => {
          const connection = await pool.getConnection();
          await Promise.allSettled([
            connection.query('SELECT * FROM orders'),
            connection.query('SELECT 1'),
            connection.query('SELECT FROM'),
          ]);
          connection.release();
        },
      ],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.all(requests);

    await expectCalls(recorder, expected);
  }, 60_000);
});

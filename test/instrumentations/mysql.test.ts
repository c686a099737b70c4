import { type EventEmitter, once } from 'node:events';
import { promisify } from 'node:util';
import mysql from 'mysql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mysql as instrumentation } from '../../src/instrumentations/mysql.js';
import { freePort } from '../support/app.js';
import { hasMariadb, startMariadb } from '../support/mariadb.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { outcome, record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';

const recorder = record(instrumentation);
const open: { end(callback: () => void): void }[] = [];
let server: Server;

function options(more: mysql.PoolConfig = {}): mysql.PoolConfig {
  return { host: server.host, port: server.port, user: 'root', database: 'shop', ...more };
}

function connect(more?: mysql.ConnectionConfig): mysql.Connection {
  const connection = mysql.createConnection(options(more));
  connection.on('error', () => {});
  open.push(connection);
  return connection;
}

function createPool(more?: mysql.PoolConfig): mysql.Pool {
  const pool = mysql.createPool(options(more));
  open.push(pool);
  return pool;
}

/** Its types lack it. */
const { createQuery } = mysql as unknown as {
  createQuery(sql: string, callback: mysql.queryCallback): mysql.Query;
};

type Ask = (sql: string | mysql.QueryOptions, values?: unknown[]) => Promise<unknown>;
const askOf = (asked: mysql.Connection | mysql.Pool): Ask => promisify(asked.query).bind(asked) as Ask;

describe.skipIf(!hasMariadb())('with MariaDB', () => {
  beforeAll(async () => {
    server = await startMariadb();
    const ask = askOf(connect({ database: 'mysql' }));
    await ask('CREATE DATABASE shop');
    await ask('CREATE TABLE shop.orders (id int PRIMARY KEY, name text)');
    await ask('INSERT INTO shop.orders SELECT seq, NULL FROM shop.seq_1_to_250');
    recorder.forget();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => new Promise<void>((done) => each.end(() => done()))));
    recorder.forget();
  });
  afterAll(() => server?.close());

  test('a query has the names of the conventions, and a text without literals', async () => {
    const rows = await askOf(createPool())("SELECT id FROM orders WHERE id = ? AND 'a' = 'a'", [7]);

    expect(rows).toMatchObject([{ id: 7 }]);
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
    const pool = createPool();
    const cluster = mysql.createPoolCluster();
    cluster.add('first', options());
    open.push(cluster);
    const seen: unknown[] = [];
    const ask = (query: (done: mysql.queryCallback) => unknown) =>
      new Promise((resolve) => {
        const traceId = newTraceId();
        inTrace(traceId, () =>
          query((error, rows, fields) => {
            seen.push([error, rows, fields?.length, currentTraceId() === traceId]);
            resolve(undefined);
          }),
        );
      });

    await ask((done) => connection.query('SELECT 1 AS a', done));
    await ask((done) => connection.query('SELECT ? AS a', [1], done));
    await ask((done) => connection.query({ sql: 'SELECT ? AS a', values: [1] }, done));
    await ask((done) => connection.query(createQuery('SELECT 1 AS a', done)));
    await ask((done) => pool.query('SELECT 1 AS a', done));
    await ask((done) => cluster.of('*').query('SELECT 1 AS a', done));
    expect(seen).toEqual(Array(6).fill([null, [expect.objectContaining({ a: 1 })], 1, true]));
    await recorder.take(6);
  });

  test('a query without a callback ends with its events, a stream with its last row', async () => {
    const connection = connect();
    await once(connection.query('SELECT 1') as unknown as EventEmitter, 'end');
    await once(createPool().query('SELECT 1') as unknown as EventEmitter, 'end');
    let rows = 0;
    const stream = connection.query('SELECT * FROM orders').stream();
    stream.on('data', () => {
      rows += 1;
    });
    await once(stream, 'end');
    expect(rows).toBe(250);

    const ended = await recorder.take(3);
    expect(ended.map(({ route }) => route)).toEqual(['SELECT', 'SELECT', 'SELECT orders']);
  });

  test('a transaction is its statements', async () => {
    const connection = connect();
    await promisify(connection.beginTransaction).call(connection);
    await askOf(connection)('UPDATE orders SET name = ? WHERE id = 1', ['a']);
    await promisify(connection.rollback).call(connection);

    const routes = (await recorder.take(3)).map(({ route }) => route);
    expect(routes).toEqual(['START TRANSACTION', 'UPDATE orders', 'ROLLBACK']);
  });

  test('errors are told by their numbers, and what nobody handles stays unhandled', async () => {
    const connection = connect();
    await expect(askOf(connection)('SELECT * FROM none')).rejects.toMatchObject({ errno: 1146 });
    await expect(askOf(connection)({ sql: 'SELECT SLEEP(2)', timeout: 20 })).rejects.toMatchObject({
      code: 'PROTOCOL_SEQUENCE_TIMEOUT',
    });
    const unreachable = createPool({ port: await freePort() });
    await expect(askOf(unreachable)('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const unheard = connect();
    const emitted = once(unheard, 'error').catch((error: unknown) => [error]);
    unheard.query('SELECT * FROM none');
    expect(await emitted).toMatchObject([{ errno: 1146 }]);

    expect((await recorder.take(4)).map(outcome)).toEqual([
      { route: 'SELECT none', code: '1146', error: '1146' },
      { route: 'SELECT', code: undefined, error: 'timeout' },
      { route: 'SELECT', code: undefined, error: 'ECONNREFUSED' },
      { route: 'SELECT none', code: '1146', error: '1146' },
    ]);
  });

  test('of 1,000 mixed queries each is counted once, in its own trace', async () => {
    const pool = createPool({ connectionLimit: 5 });
    const ask = askOf(pool);
    const unreachable = createPool({ port: await freePort() });
    const transaction = async () => {
      const connection = await promisify(pool.getConnection).call(pool);
      await promisify(connection.beginTransaction).call(connection);
      await askOf(connection)('SELECT * FROM orders WHERE id = 1');
      await promisify(connection.commit).call(connection);
      connection.release();
    };
    const kinds: Kind[] = [
      [['SELECT orders ok'], () => ask('SELECT * FROM orders WHERE id = ?', [1])],
      [['SELECT none 1146'], () => ask('SELECT * FROM none')],
      [['SELECT ECONNREFUSED'], () => askOf(unreachable)('SELECT 1')],
      [['UPDATE orders ok'], () => ask('UPDATE orders SET name = NULL WHERE id = 2')],
      [['COMMIT ok', 'SELECT orders ok', 'START TRANSACTION ok'], transaction],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.allSettled(requests);
    await expectCalls(recorder, expected);
  }, 30_000);
});

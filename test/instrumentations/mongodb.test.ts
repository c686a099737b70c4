import { MongoClient as MongoClient7 } from 'mongodb';
import { MongoClient as MongoClient6 } from 'mongodb6';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mongodb as instrumentation } from '../../src/instrumentations/mongodb.js';
import { type FakeMongodb, startFakeMongodb } from '../support/fake-mongodb.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { outcome, record } from '../support/recorder.js';

const recorder = record(instrumentation);
let server: FakeMongodb;

const ORDERS = [{ _id: 1 }, { _id: 2 }];

beforeAll(async () => {
  server = await startFakeMongodb((command) => {
    if ('find' in command) {
      const isLong = command['batchSize'] !== undefined;
      return { ok: 1, cursor: { id: isLong ? 7n : 0n, ns: 'shop.orders', firstBatch: ORDERS } };
    }
    if ('getMore' in command) return { ok: 1, cursor: { id: 0n, ns: 'shop.orders', nextBatch: ORDERS } };
    if (command['insert'] === 'taken')
      return { ok: 1, n: 0, writeErrors: [{ index: 0, code: 11_000, errmsg: 'duplicate key: secret' }] };
    if ('insert' in command || 'update' in command || 'delete' in command)
      return { ok: 1, n: 1, nModified: 1 };
    if ('silent' in command) return undefined;
    return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: 'no such command' };
  });
});
afterAll(() => server.close());

describe.each([
  ['6', MongoClient6 as unknown as typeof MongoClient7],
  ['7', MongoClient7],
])('mongodb %s', (_, MongoClient) => {
  const open: MongoClient7[] = [];

  async function connect(options: object = {}): Promise<MongoClient7> {
    const client = new MongoClient(`mongodb://127.0.0.1:${server.port}/?directConnection=true`, {
      retryReads: false,
      retryWrites: false,
      ...options,
    });
    await client.connect();
    open.push(client);
    return client;
  }

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close(true);
    recorder.forget();
  });

  test('a command has the names of the conventions, and nothing of its filter', async () => {
    const client = await connect();
    expect(await client.db('shop').collection('orders').find({ name: 'secret' }).toArray()).toEqual(ORDERS);

    const [call] = await recorder.take(1);
    expect(call?.kind).toBe('client');
    expect(call?.attributes).toEqual({
      'db.system.name': 'mongodb',
      'db.namespace': 'shop',
      'db.collection.name': 'orders',
      'db.operation.name': 'find',
      'db.query.summary': 'find orders',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  test('each batch of a cursor is a call, and each command of a bulk', async () => {
    const orders = (await connect()).db('shop').collection('orders');
    expect(await orders.find({}, { batchSize: 2 }).toArray()).toHaveLength(4);
    await orders.bulkWrite([{ insertOne: { document: {} } }, { deleteOne: { filter: {} } }]);

    expect((await recorder.take(4)).map(({ route }) => route)).toEqual([
      'find orders',
      'getMore orders',
      'insert orders',
      'delete orders',
    ]);
  });

  test('an error of the server has its code, in an answer or in a write that is otherwise good', async () => {
    const database = (await connect()).db('shop');
    await expect(database.command({ nonsense: 1 })).rejects.toMatchObject({ code: 59 });
    await expect(database.collection('taken').insertOne({})).rejects.toMatchObject({ code: 11_000 });

    expect((await recorder.take(2)).map(outcome)).toEqual([
      { route: 'nonsense', code: '59', error: '59' },
      { route: 'insert taken', code: '11000', error: '11000' },
    ]);
  });

  test('a time-out and a connection that closes are failed calls', async () => {
    const impatient = await connect({ socketTimeoutMS: 50 });
    await expect(impatient.db('shop').command({ silent: 1 })).rejects.toThrow();
    const client = await connect();
    const silent = client.db('shop').command({ silent: 1 });
    const rejected = expect(silent).rejects.toThrow();
    await expect.poll(() => recorder.ended.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.close(true);
    await rejected;

    const [first, second] = await recorder.take(2);
    expect(first?.error).toBe('timeout');
    expect(second?.error).toMatch(/^Mongo\w+Error$/);
  });

  test('of 1,000 mixed commands each is one call, in the trace of its request, also through a pool that is used up', async () => {
    const database = (await connect({ maxPoolSize: 2 })).db('shop');
    const orders = database.collection('orders');
    const ignore = () => {};
    const kinds: Kind[] = [
      [['find orders ok'], () => orders.find().toArray()],
      [['find orders ok', 'getMore orders ok'], () => orders.find({}, { batchSize: 2 }).toArray()],
      [['insert orders ok'], () => orders.insertOne({})],
      [['insert taken 11000'], () => database.collection('taken').insertOne({}).catch(ignore)],
      [['nonsense 59'], () => database.command({ nonsense: 1 }).catch(ignore)],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.all(requests);

    await expectCalls(recorder, expected);
  });
});

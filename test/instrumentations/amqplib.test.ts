import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Promised from 'amqplib';
import type * as CalledBack from 'amqplib/callback_api';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { amqplib as instrumentation } from '../../src/instrumentations/amqplib.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { hasRabbitmq, RABBITMQ_TIMEOUT_MS, startRabbitmq } from '../support/rabbitmq.js';
import { type Ended, record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

const require = createRequire(import.meta.url);
const recorder = record(instrumentation);
const isAvailable = hasRabbitmq();
let server: Server;

beforeAll(async () => {
  if (isAvailable) server = await startRabbitmq();
}, RABBITMQ_TIMEOUT_MS);
afterAll(() => server?.close());

/** What a call was: `client ack orders ok`. */
function summary({ kind, operation, route, error }: Ended): string {
  return `${kind} ${operation} ${route} ${error ?? 'ok'}`;
}

const versions = [
  ['0.10', require('amqplib0'), require('amqplib0/callback_api')],
  ['1', require('amqplib1'), require('amqplib1/callback_api')],
  ['2', require('amqplib'), require('amqplib/callback_api')],
] as [string, typeof Promised, typeof CalledBack][];

describe.skipIf(!isAvailable).each(versions)('amqplib %s', (_, amqp, callbacks) => {
  const open: { close(): Promise<unknown> }[] = [];

  async function connect(): Promise<Promised.ChannelModel> {
    const connection = await amqp.connect(`amqp://${server.host}:${server.port}`);
    connection.on('error', () => {});
    open.push(connection);
    return connection;
  }

  async function channelOf(connection?: Promised.ChannelModel): Promise<Promised.Channel> {
    const channel = await (connection ?? (await connect())).createChannel();
    channel.on('error', () => {});
    return channel;
  }

  async function queueOf(channel: Promised.Channel): Promise<string> {
    const { queue } = await channel.assertQueue(`orders-${randomUUID()}`, { exclusive: true });
    return queue;
  }

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close().catch(() => {});
    recorder.forget();
  });

  test('a message is calls to publish, process and acknowledge it, with the names of the conventions', async () => {
    const channel = await channelOf();
    const queue = await queueOf(channel);
    const options = { headers: { mine: 'a' }, messageId: 'm', correlationId: 'c' };
    expect(channel.sendToQueue(queue, Buffer.from('b'), options)).toBe(true);
    expect(options).toEqual({ headers: { mine: 'a' }, messageId: 'm', correlationId: 'c' });
    const message = await new Promise<Promised.ConsumeMessage>((resolve) => {
      channel.consume(queue, async (received) => {
        if (received === null) return;
        channel.ack(received);
        resolve(received);
      });
    });
    expect(message.content).toEqual(Buffer.from('b'));
    expect(message.properties.headers).toMatchObject({ mine: 'a' });

    const [publish, ack, process] = await recorder.take(3);
    const labels = {
      'messaging.system': 'rabbitmq',
      'messaging.destination.name': queue,
      'server.address': '127.0.0.1',
      'server.port': server.port,
    };
    expect(publish?.kind).toBe('producer');
    expect(publish?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.rabbitmq.destination.routing_key': queue,
    });
    expect(process?.kind).toBe('consumer');
    expect(process?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.message.id': 'm',
      'messaging.message.conversation_id': 'c',
      'messaging.rabbitmq.destination.routing_key': queue,
      'messaging.rabbitmq.message.delivery_tag': 1,
    });
    expect(process).toMatchObject({ traceId: publish?.traceId, parentSpanId: publish?.spanId });
    expect(ack?.kind).toBe('client');
    expect(ack?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'ack',
      'messaging.operation.type': 'settle',
      'messaging.rabbitmq.message.delivery_tag': 1,
    });
    expect(ack?.parentSpanId).toBe(process?.spanId);
  });

  test('what goes to an exchange is named by it, and queues that the server has named by nothing', async () => {
    const channel = await channelOf();
    await channel.assertExchange('events', 'topic', { autoDelete: true });
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'events', 'orders.*');
    await channel.consume(queue, () => {}, { noAck: true });
    channel.publish('events', 'orders.7', Buffer.from('a'));
    channel.sendToQueue(queue, Buffer.from('b'));

    const calls = await recorder.take(4);
    expect(calls.map(summary).sort()).toEqual([
      'consumer process undefined ok',
      'consumer process undefined ok',
      'producer publish events ok',
      'producer publish undefined ok',
    ]);
    const anonymous = calls.map(({ route, attributes }) => [
      route,
      attributes['messaging.destination.anonymous'],
    ]);
    expect(new Set(anonymous.map(String))).toEqual(new Set(['events,', ',true']));
    expect(calls[0]?.attributes['messaging.rabbitmq.destination.routing_key']).toBe('orders.7');
  });

  test('a consumer without a promise processes until it acknowledges, and what it refuses has failed', async () => {
    const channel = await channelOf();
    const queue = await queueOf(channel);
    const received: Promised.ConsumeMessage[] = [];
    await channel.consume(queue, (message) => void (message && received.push(message)));
    for (const each of ['a', 'b', 'c', 'd', 'e']) channel.sendToQueue(queue, Buffer.from(each));
    await expect.poll(() => received.length).toBe(5);
    await recorder.take(5);

    const [a, b, c, d] = received as [Promised.Message, Promised.Message, Promised.Message, Promised.Message];
    channel.ack(b, true);
    channel.nack(c, false, false);
    channel.reject(d, false);
    channel.ackAll();
    expect((await recorder.take(9)).map(summary)).toEqual([
      `client ack ${queue} ok`,
      `consumer process ${queue} ok`,
      `consumer process ${queue} ok`,
      `client nack ${queue} ok`,
      `consumer process ${queue} nack`,
      `client reject ${queue} ok`,
      `consumer process ${queue} reject`,
      'client ack undefined ok',
      `consumer process ${queue} ok`,
    ]);
    expect(a.fields.deliveryTag).toBe(1);
  });

  test('a promise of a consumer decides, and its rejection stays unhandled', async () => {
    const channel = await channelOf();
    const queue = await queueOf(channel);
    const error = new RangeError('kaput');
    const reason = await unhandledRejection(() => {
      channel.consume(queue, () => Promise.reject(error), { noAck: true });
      channel.sendToQueue(queue, Buffer.from('a'));
    });
    expect(reason).toBe(error);
    expect((await recorder.take(2)).map(summary)).toEqual([
      `producer publish ${queue} ok`,
      `consumer process ${queue} RangeError`,
    ]);

    const refusing = await channelOf();
    const other = await queueOf(refusing);
    await refusing.consume(other, async (message) => message && refusing.nack(message, false, false));
    refusing.sendToQueue(other, Buffer.from('a'));
    expect((await recorder.take(3)).map(summary)).toContain(`consumer process ${other} nack`);
  });

  test('a message that is being processed when its channel closes has failed', async () => {
    const [channel, sender] = [await channelOf(), await channelOf()];
    const queue = `orders-${randomUUID()}`;
    await channel.assertQueue(queue, { autoDelete: true });
    const arrived = new Promise((resolve) => {
      channel.consume(queue, resolve);
    });
    sender.sendToQueue(queue, Buffer.from('a'));
    await arrived;
    await channel.close();
    expect((await recorder.take(2)).map(summary)).toContain(`consumer process ${queue} aborted`);
    expect(() => channel.sendToQueue(queue, Buffer.from('a'))).toThrow('Channel closed');
    expect((await recorder.take(1)).map(summary)).toEqual([
      `producer publish ${queue} IllegalOperationError`,
    ]);
  });

  test('a consumer that the server cancels is told so without a call', async () => {
    const channel = await channelOf();
    const queue = await queueOf(channel);
    const cancelled = new Promise((resolve) => {
      channel.consume(queue, resolve);
    });
    await channel.deleteQueue(queue);
    expect(await cancelled).toBeNull();
    await recorder.take(0);
  });

  test('with confirms, a message is published when it is confirmed, and the callback runs where it was passed', async () => {
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    const queue = await queueOf(channel);
    const id = newTraceId();
    const seen = await new Promise((resolve) => {
      inTrace(id, () => {
        channel.sendToQueue(queue, Buffer.from('a'), {}, (...args) => resolve([args, currentTraceId()]));
      });
    });
    expect(seen).toEqual([[null], id]);
    channel.publish('', queue, Buffer.from('b'));
    await channel.waitForConfirms();
    const calls = await recorder.take(2);
    expect(calls.map(summary)).toEqual(Array(2).fill(`producer publish ${queue} ok`));
    expect(calls[0]?.traceId).toBe(id);

    const full = `full-${randomUUID()}`;
    await channel.assertQueue(full, {
      exclusive: true,
      arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' },
    });
    const refused = new Promise((resolve) => channel.sendToQueue(full, Buffer.from('a'), {}, resolve));
    expect(String(await refused)).toContain('nacked');
    const lost = new Promise((resolve) => channel.publish('none', '', Buffer.from('a'), {}, resolve));
    expect(String(await lost)).toContain('channel closed');
    expect((await recorder.take(2)).map(summary)).toEqual([
      `producer publish ${full} Error`,
      'producer publish none Error',
    ]);
  });

  test('a message that is fetched is a call that links to its publisher', async () => {
    const channel = await channelOf();
    const queue = await queueOf(channel);
    expect(await channel.get(queue)).toBe(false);
    channel.sendToQueue(queue, Buffer.from('a'));
    const id = newTraceId();
    await expect.poll(async () => (await channel.checkQueue(queue)).messageCount).toBe(1);
    const message = await inTrace(id, () => channel.get(queue));
    channel.ack(message as Promised.Message);

    const [empty, publish, get, ack] = await recorder.take(4);
    expect([empty, get, ack].map((each) => each && summary(each))).toEqual([
      `client get ${queue} ok`,
      `client get ${queue} ok`,
      `client ack ${queue} ok`,
    ]);
    expect([empty, get].map((each) => each?.attributes['messaging.batch.message_count'])).toEqual([0, 1]);
    expect([empty, publish, get].map((each) => each?.messages)).toEqual([0, 1, 1]);
    expect(get).toMatchObject({ traceId: id, links: [publish?.spanId] });
    await expect(channel.get('none')).rejects.toBeDefined();
    expect((await recorder.take(1))[0]?.error).toBeDefined();
  });

  test('the callback API is observed in the same way', async () => {
    const connection = await new Promise<CalledBack.Connection>((resolve, reject) => {
      callbacks.connect(`amqp://${server.host}:${server.port}`, (error, made) =>
        error ? reject(error) : resolve(made),
      );
    });
    open.push({ close: () => new Promise<void>((resolve) => connection.close(() => resolve())) });
    const channel = await new Promise<CalledBack.ConfirmChannel>((resolve, reject) => {
      connection.createConfirmChannel((error, made) => (error ? reject(error) : resolve(made)));
    });
    const queue = `orders-${randomUUID()}`;
    await new Promise((resolve) => channel.assertQueue(queue, { exclusive: true }, resolve));
    const id = newTraceId();
    const get = () =>
      new Promise<unknown[]>((resolve) => {
        inTrace(id, () => channel.get(queue, {}, (...args) => resolve([...args, currentTraceId()])));
      });
    expect(await get()).toEqual([null, false, id]);
    await new Promise((resolve) =>
      inTrace(id, () => channel.sendToQueue(queue, Buffer.from('a'), {}, resolve)),
    );
    const [, message] = await get();
    expect(channel.nack(message as CalledBack.Message)).toBe(channel);
    const seen = await new Promise<unknown[]>((resolve) => {
      channel.consume(queue, (received) => {
        const trace = currentTraceId();
        setTimeout(() => {
          channel.ack(received as CalledBack.Message);
          resolve([trace, received?.fields.redelivered]);
        }, 20);
      });
    });
    expect(seen).toEqual([id, true]);
    expect((await recorder.take(6)).map(summary)).toEqual([
      `client get ${queue} ok`,
      `producer publish ${queue} ok`,
      `client get ${queue} ok`,
      `client nack ${queue} ok`,
      `client ack ${queue} ok`,
      `consumer process ${queue} ok`,
    ]);
  });

  test('an application that never acknowledges does not make calls pile up', async () => {
    const channel = await channelOf();
    const queue = await queueOf(channel);
    let count = 0;
    await channel.consume(queue, () => {
      count += 1;
    });
    for (let i = 0; i < 1_200; i += 1) channel.sendToQueue(queue, Buffer.from('a'));
    await expect.poll(() => count).toBe(1_200);
    await recorder.take(1_200 + 200);
    await channel.close();
    await recorder.take(1_000);
  });

  test('of 1,000 mixed operations each is counted once, in its own trace', async () => {
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    const [closed, plain] = [await channelOf(connection), await channelOf(connection)];
    const queue = await queueOf(channel);
    await closed.close();
    await channel.consume(queue, async (message) => {
      if (message === null) return;
      const content = message.content.toString();
      if (content === 'nack') channel.nack(message, false, false);
      else if (content === 'reject') channel.reject(message, false);
      else channel.ack(message);
    });
    const send = (content: string) =>
      new Promise((resolve) => channel.sendToQueue(queue, Buffer.from(content), {}, resolve));
    const kinds: Kind[] = [
      [[`${queue} ok`, `${queue} ok`, `${queue} ok`], () => send('ack')],
      [[`${queue} nack`, `${queue} ok`, `${queue} ok`], () => send('nack')],
      [[`${queue} ok`, `${queue} ok`, `${queue} reject`], () => send('reject')],
      [[`${queue} IllegalOperationError`], async () => closed.sendToQueue(queue, Buffer.from('a'))],
      [[`${queue} TypeError`], async () => plain.sendToQueue(queue, 'no buffer' as unknown as Buffer)],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.allSettled(requests);
    await expectCalls(recorder, expected);
  });

  test('connections that break end what is on its way', async () => {
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    const queue = await queueOf(channel);
    const lost = new Promise((resolve) => channel.sendToQueue(queue, Buffer.from('a'), {}, resolve));
    const { stream } = (connection as unknown as { connection: { stream: import('node:net').Socket } })
      .connection;
    stream.destroy(new Error('broken'));
    await lost;
    await recorder.take(1);
  });
});

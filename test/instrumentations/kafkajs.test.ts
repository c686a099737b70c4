import { randomUUID } from 'node:crypto';
import * as kafkajs from 'kafkajs';
import * as kafkajs20 from 'kafkajs20';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kafkajs as instrumentation } from '../../src/instrumentations/kafkajs.js';
import { hasKafka, KAFKA_TIMEOUT_MS, startKafka } from '../support/kafka.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { type Ended, record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1';
const recorder = record(instrumentation);
const isAvailable = hasKafka();
let server: Server;

beforeAll(async () => {
  if (isAvailable) server = await startKafka();
}, KAFKA_TIMEOUT_MS);
afterAll(() => server?.close());

const versions = [
  ['2.0', kafkajs20 as unknown as typeof kafkajs],
  ['2.2', kafkajs],
] as const;

/** What a call was: `producer send orders ok`. */
function summary({ kind, operation, route, error }: Ended): string {
  return `${kind} ${operation} ${route} ${error ?? 'ok'}`;
}

describe.skipIf(!isAvailable).each(versions)('kafkajs %s', (_, { Kafka, logLevel }) => {
  const open: { disconnect(): Promise<void> }[] = [];

  const kafka = () =>
    new Kafka({
      brokers: [`${server.host}:${server.port}`],
      connectionTimeout: 10_000,
      logLevel: logLevel.NOTHING,
      retry: { retries: 2, initialRetryTime: 5 },
    });

  async function producerWith(options?: kafkajs.ProducerConfig): Promise<kafkajs.Producer> {
    const producer = kafka().producer(options);
    open.unshift(producer);
    await producer.connect();
    return producer;
  }

  async function topicOf(): Promise<string> {
    const topic = `orders-${randomUUID()}`;
    const admin = kafka().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }] });
    await admin.disconnect();
    return topic;
  }

  async function consume(
    topic: string,
    config: kafkajs.ConsumerRunConfig,
    groupId: string = randomUUID(),
  ): Promise<kafkajs.Consumer> {
    const consumer = kafka().consumer({
      groupId,
      retry: { initialRetryTime: 5, restartOnFailure: async () => false },
      heartbeatInterval: 100,
      maxWaitTimeInMs: 50,
    });
    open.unshift(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run(config);
    return consumer;
  }

  afterEach(async () => {
    for (const each of open.splice(0)) await each.disconnect();
    recorder.forget();
  });

  test('a message is a call to send it and a call to process it, with the names of the conventions', async () => {
    const [producer, topic] = [await producerWith(), await topicOf()];
    const messages = [{ key: 'a', value: 'b', headers: { mine: 'c' } }];
    const sent = await producer.send({ topic, messages });
    expect(sent).toMatchObject([{ topicName: topic, partition: 0, errorCode: 0 }]);
    expect(messages).toEqual([{ key: 'a', value: 'b', headers: { mine: 'c' } }]);
    const received = await new Promise<kafkajs.KafkaMessage>((resolve) => {
      consume(topic, { eachMessage: async ({ message }) => resolve(message) }, 'shop');
    });
    expect(received).toMatchObject({ key: Buffer.from('a'), value: Buffer.from('b') });
    expect(String(received.headers?.['mine'])).toBe('c');

    const [send, process] = await recorder.take(2);
    const labels = { 'messaging.system': 'kafka', 'messaging.destination.name': topic };
    expect(send?.kind).toBe('producer');
    expect(send?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
    });
    expect(process?.kind).toBe('consumer');
    expect(process?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'shop',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
    });
    expect(process).toMatchObject({ traceId: send?.traceId, parentSpanId: send?.spanId, links: [] });
  });

  test('a batch is processed in a trace of its own, which links once to each sender', async () => {
    const [producer, topic] = [await producerWith(), await topicOf()];
    const ids = [newTraceId(), newTraceId()];
    for (const id of ids) {
      await inTrace(id, () => producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] }));
    }
    const sends = await recorder.take(2);
    expect(sends.map(({ attributes }) => attributes['messaging.batch.message_count'])).toEqual([2, 2]);

    const seen: unknown[] = [];
    await consume(topic, {
      eachBatch: async ({ batch }) => void seen.push(batch.messages.length, currentTraceId()),
    });
    const [process] = await recorder.take(1);
    expect(process?.attributes['messaging.batch.message_count']).toBe(4);
    expect([...sends, process].map((call) => call?.messages)).toEqual([2, 2, 4]);
    expect(process?.links).toEqual(sends.map(({ spanId }) => spanId));
    expect(ids).not.toContain(process?.traceId);
    expect(process?.parentSpanId).toBeUndefined();
    expect(seen).toEqual([4, process?.traceId]);
  });

  test('messages to several topics are sent by one call, which names no topic', async () => {
    const [producer, ...topics] = [await producerWith(), await topicOf(), await topicOf()];
    const topicMessages = topics.map((topic) => ({ topic, messages: [{ value: topic }] }));
    await producer.sendBatch({ topicMessages });

    const [send] = await recorder.take(1);
    expect(send).toMatchObject({ operation: 'sendBatch', route: undefined });
    expect(send?.attributes['messaging.batch.message_count']).toBe(2);
    for (const topic of topics) await consume(topic, { eachMessage: async () => {} });
    const parents = (await recorder.take(2)).map(({ parentSpanId }) => parentSpanId);
    expect(parents).toEqual([send?.spanId, send?.spanId]);
  });

  test('messages of a transaction arrive if it is committed, in the trace in which they were sent', async () => {
    const topic = await topicOf();
    const producer = await producerWith({
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
      idempotent: true,
    });
    const id = newTraceId();
    await inTrace(id, async () => {
      const aborted = await producer.transaction();
      await aborted.send({ topic, messages: [{ value: 'aborted' }] });
      await aborted.abort();
      const committed = await producer.transaction();
      await committed.send({ topic, messages: [{ value: 'committed' }] });
      await committed.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'too' }] }] });
      await committed.commit();
      await expect(committed.send({ topic, messages: [] })).rejects.toThrow('once ended');
    });
    const seen: string[] = [];
    await consume(topic, { eachMessage: async ({ message }) => void seen.push(String(message.value)) });

    const calls = await recorder.take(6);
    expect(seen).toEqual(['committed', 'too']);
    expect(calls.map(summary)).toEqual([
      `producer send ${topic} ok`,
      `producer send ${topic} ok`,
      `producer sendBatch ${topic} ok`,
      `producer send ${topic} KafkaJSNonRetriableError`,
      `consumer process ${topic} ok`,
      `consumer process ${topic} ok`,
    ]);
    expect(new Set(calls.map(({ traceId }) => traceId))).toEqual(new Set([id]));
  });

  test('a message whose handler has failed is processed again by the next consumer, in the trace of the sender', async () => {
    const [producer, topic] = [await producerWith(), await topicOf()];
    const id = newTraceId();
    await inTrace(id, () => producer.send({ topic, messages: [{ value: 'a' }] }));
    const group = randomUUID();
    const failing = async () => {
      throw new RangeError('not yet');
    };
    const crashed = await consume(topic, { eachMessage: failing }, group);
    await new Promise((resolve) => crashed.on(crashed.events.DISCONNECT, resolve));
    const seen = new Promise((resolve) => {
      consume(topic, { eachMessage: async () => resolve(currentTraceId()) }, group);
    });
    expect(await seen).toBe(id);

    const calls = await recorder.take(3);
    expect(calls.map(({ kind, error }) => `${kind} ${error}`)).toEqual([
      'producer undefined',
      'consumer RangeError',
      'consumer undefined',
    ]);
    expect(new Set(calls.map(({ traceId }) => traceId))).toEqual(new Set([id]));
  });

  test('what cannot be sent fails with the same error, which does not quote a context', async () => {
    const producer = await producerWith();
    const bad = producer.send({ topic: 't', messages: [{ key: 'k' } as unknown as kafkajs.Message] });
    await expect(bad).rejects.toThrow(/^Invalid message without value for topic "t": \{"key":"k"\}$/);
    await expect(producer.send({} as never)).rejects.toThrow('Invalid topic');
    await expect(producer.sendBatch(undefined as never)).rejects.toThrow(TypeError);
    expect((await recorder.take(3)).map(({ error }) => error)).toEqual([
      'KafkaJSNonRetriableError',
      'KafkaJSNonRetriableError',
      'TypeError',
    ]);

    const careful = await producerWith({ allowAutoTopicCreation: false, retry: { retries: 0 } });
    await expect(careful.send({ topic: randomUUID(), messages: [{ value: 'a' }] })).rejects.toThrow(
      'not host',
    );
    expect((await recorder.take(1))[0]?.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    await producer.disconnect();
    const reason = await unhandledRejection(
      () => void producer.send({ topic: 't', messages: [{ value: 'a' }] }),
    );
    expect(String(reason)).toContain('disconnected');
    await recorder.take(1);
  });

  test('of 1,000 mixed operations each is counted once, in its own trace', async () => {
    const [producer, topic, other] = [await producerWith(), await topicOf(), await topicOf()];
    await consume(topic, { eachMessage: async () => {} });
    const send = (...values: string[]) =>
      producer.send({ topic, messages: values.map((value) => ({ value })) });
    const kinds: Kind[] = [
      ...Array.from({ length: 20 }, (): Kind => [[`${topic} ok`, `${topic} ok`], () => send('a')]),
      [[`${topic} ok`, `${topic} ok`, `${topic} ok`], () => send('a', 'b')],
      [[`undefined KafkaJSNonRetriableError`], () => producer.send({ topic: '', messages: [] })],
      [
        [`${topic} ok`, 'undefined ok'],
        () =>
          producer.sendBatch({
            topicMessages: [topic, other].map((each) => ({ topic: each, messages: [{ value: 'a' }] })),
          }),
      ],
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.allSettled(requests);
    await expectCalls(recorder, expected);
  });
});

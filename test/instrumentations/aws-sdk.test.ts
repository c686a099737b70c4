import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQS,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { awsSdk as instrumentation } from '../../src/instrumentations/aws-sdk.js';
import { freePort } from '../support/app.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { hasMoto, MOTO_TIMEOUT_MS, startMoto } from '../support/moto.js';
import { type Ended, record } from '../support/recorder.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

const recorder = record(instrumentation);
const isAvailable = hasMoto();
let server: Server;
let sqs: SQSClient;
let sns: SNSClient;

const config = () => ({
  endpoint: `http://${server.host}:${server.port}`,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});

beforeAll(async () => {
  if (!isAvailable) return;
  server = await startMoto();
  // A busy server may close a connection before it answers.
  sqs = new SQSClient({ ...config(), maxAttempts: 5 });
  sns = new SNSClient(config());
}, MOTO_TIMEOUT_MS);
afterAll(async () => {
  sqs?.destroy();
  sns?.destroy();
  await server?.close();
});
afterEach(() => recorder.forget());

/** What a call was: `producer SendMessage orders ok`. */
function summary({ kind, operation, route, error }: Ended): string {
  return `${kind} ${operation} ${route} ${error ?? 'ok'}`;
}

/** What a test needs and is not about. */
function unobserved<R>(fn: () => R): R {
  return recorder.calls.asOwnTraffic(fn);
}

async function queueOf(): Promise<{ QueueUrl: string; name: string }> {
  const name = `orders-${randomUUID()}`;
  const { QueueUrl = '' } = await unobserved(() => sqs.send(new CreateQueueCommand({ QueueName: name })));
  return { QueueUrl, name };
}

async function receive(input: ReceiveMessageCommandInput): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ MaxNumberOfMessages: 10, ...input }));
  return Messages;
}

describe.skipIf(!isAvailable)('the SDK of AWS', () => {
  test('a message is calls to send, receive and delete it, with the names of the conventions', async () => {
    const { QueueUrl, name } = await queueOf();
    const input = { QueueUrl, MessageBody: 'a' };
    const sent = await sqs.send(new SendMessageCommand(input));
    expect(input).toEqual({ QueueUrl, MessageBody: 'a' });
    expect(sent).not.toHaveProperty('MD5OfMessageAttributes');
    const id = newTraceId();
    const [message] = await inTrace(id, () => receive({ QueueUrl }));
    expect(message).toMatchObject({ Body: 'a', MessageId: sent.MessageId });
    expect(message).not.toHaveProperty('MessageAttributes');
    expect(message).not.toHaveProperty('MD5OfMessageAttributes');
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));

    const [send, received, deleted] = await recorder.take(3);
    const labels = {
      'messaging.system': 'aws.sqs',
      'messaging.destination.name': name,
      'server.address': '127.0.0.1',
      'server.port': server.port,
    };
    expect(send?.kind).toBe('producer');
    expect(send?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'SendMessage',
      'messaging.operation.type': 'send',
      'messaging.message.id': sent.MessageId,
    });
    expect(received?.kind).toBe('client');
    expect(received?.attributes).toEqual({
      ...labels,
      'messaging.operation.name': 'ReceiveMessage',
      'messaging.operation.type': 'receive',
      'messaging.batch.message_count': 1,
    });
    expect(received).toMatchObject({ traceId: id, links: [send?.spanId] });
    expect(deleted?.kind).toBe('client');
    expect(deleted?.attributes).toMatchObject({ ...labels, 'messaging.operation.type': 'settle' });
  });

  test('the application sees the attributes that it has asked for', async () => {
    const { QueueUrl } = await queueOf();
    const MessageAttributes = { mine: { DataType: 'String', StringValue: 'b' } };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a', MessageAttributes }));
    const [some] = await receive({ QueueUrl, MessageAttributeNames: ['mine'], VisibilityTimeout: 0 });
    expect(some?.MessageAttributes).toEqual(MessageAttributes);
    const [all] = await receive({ QueueUrl, MessageAttributeNames: ['All'] });
    expect(Object.keys(all?.MessageAttributes ?? {}).sort()).toEqual(['mine', 'traceparent']);
    const links = (await recorder.take(3)).map((call) => call.links.length);
    expect(links).toEqual([0, 1, 1]);
  });

  test('a message without room for the context is sent as it is', async () => {
    const { QueueUrl } = await queueOf();
    const MessageAttributes = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`mine${i}`, { DataType: 'String', StringValue: 'b' }]),
    );
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a', MessageAttributes }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x'.repeat(256 * 1_024) }));
    const messages = await receive({ QueueUrl, MessageAttributeNames: ['All'] });
    expect(messages.map((each) => Object.keys(each.MessageAttributes ?? {}).length).sort()).toEqual([0, 10]);
    expect((await recorder.take(3)).map(({ links }) => links.length)).toEqual([0, 0, 0]);
  });

  test('a batch is one call, which fails if a part of it does', async () => {
    const { QueueUrl, name } = await queueOf();
    const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }));
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(sent.Successful).toHaveLength(2);
    for (const each of sent.Successful ?? []) expect(each).not.toHaveProperty('MD5OfMessageAttributes');
    const messages = await receive({ QueueUrl });
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
      }),
    );

    const [send, received, deleted] = await recorder.take(3);
    const counts = [send, received, deleted].map((call) => call?.attributes['messaging.batch.message_count']);
    expect(counts).toEqual([2, 2, 2]);
    expect([send, received].map((call) => call?.messages)).toEqual([2, 2]);
    expect(received?.links).toEqual([send?.spanId]);

    sqs.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        Object.assign(result.output, { Failed: [{ Id: 'a', Code: 'InternalError' }] });
        return result;
      },
      { name: 'failing', step: 'initialize' },
    );
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    sqs.middlewareStack.remove('failing');
    expect((await recorder.take(1)).map(summary)).toEqual([
      `producer SendMessageBatch ${name} InternalError`,
    ]);
  });

  test('a message to a topic is linked to by who receives it from a queue, raw or not', async () => {
    const topic = `events-${randomUUID()}`;
    const { TopicArn } = await unobserved(() => sns.send(new CreateTopicCommand({ Name: topic })));
    const queues = [await queueOf(), await queueOf()];
    for (const [i, { name }] of queues.entries()) {
      const Endpoint = `arn:aws:sqs:eu-central-1:123456789012:${name}`;
      const Attributes = { RawMessageDelivery: String(i === 0) };
      const subscribe = new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes });
      await unobserved(() => sns.send(subscribe));
    }
    await sns.send(new PublishCommand({ TopicArn, Message: 'a' }));
    const entries = [{ Id: 'b', Message: 'b' }];
    await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries }));
    expect(entries).toEqual([{ Id: 'b', Message: 'b' }]);
    for (const { QueueUrl } of queues) expect(await receive({ QueueUrl })).toHaveLength(2);

    const [publish, batch, ...received] = await recorder.take(4);
    expect([publish, batch].map((call) => call && summary(call))).toEqual([
      `producer Publish ${topic} ok`,
      `producer PublishBatch ${topic} ok`,
    ]);
    expect(publish?.attributes).toMatchObject({
      'messaging.system': 'aws.sns',
      'messaging.operation.type': 'send',
    });
    for (const { links } of received) expect(links.sort()).toEqual([publish?.spanId, batch?.spanId].sort());
  });

  test('errors stay as they are, and a request that the application has stopped is none', async () => {
    const { QueueUrl, name } = await queueOf();
    const none = QueueUrl.replace(name, 'none');
    const reason = await unhandledRejection(
      () => void sqs.send(new SendMessageCommand({ QueueUrl: none, MessageBody: 'a' })),
    );
    expect(reason).toMatchObject({ name: 'QueueDoesNotExist' });
    const controller = new AbortController();
    const stopped = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }), {
      abortSignal: controller.signal,
    });
    await sleep(20);
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect((await recorder.take(2)).map(summary)).toEqual([
      'producer SendMessage none QueueDoesNotExist',
      `client ReceiveMessage ${name} ok`,
    ]);
  });

  test('callbacks run where they were passed; commands can be sent again, and methods are commands', async () => {
    const { QueueUrl, name } = await queueOf();
    const command = new SendMessageCommand({ QueueUrl, MessageBody: 'a' });
    const id = newTraceId();
    const seen = await new Promise((resolve) => {
      inTrace(id, () => {
        const returned = sqs.send(command, (error, output) =>
          resolve([error, typeof output?.MessageId, currentTraceId(), returned]),
        );
      });
    });
    expect(seen).toEqual([null, 'string', id, undefined]);
    await sqs.send(command, {});
    const aggregated = new SQS(config());
    await aggregated.sendMessage({ QueueUrl, MessageBody: 'a' });
    expect((await recorder.take(3)).map(summary)).toEqual(Array(3).fill(`producer SendMessage ${name} ok`));
    expect(command.input).toEqual({ QueueUrl, MessageBody: 'a' });
  });

  test('of 1,000 mixed operations each is counted once, in its own trace', async () => {
    const { QueueUrl, name } = await queueOf();
    const none = QueueUrl.replace(name, 'none');
    const unreachable = new SQSClient({ ...config(), endpoint: `http://127.0.0.1:${await freePort()}` });
    const aborted = new AbortController();
    aborted.abort();
    const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }));
    const send = () => new SendMessageCommand({ QueueUrl, MessageBody: 'a' });
    // The server takes 20 ms for a request, so most of them do not reach it.
    const stopped: Kind = [[`${name} ok`], () => sqs.send(send(), { abortSignal: aborted.signal })];
    const refused: Kind = [[`${name} ECONNREFUSED`], () => unreachable.send(send())];
    const kinds: Kind[] = [
      [[`${name} ok`], () => sqs.send(send())],
      [[`${name} ok`], () => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))],
      [[`${name} ok`], () => receive({ QueueUrl })],
      [['none QueueDoesNotExist'], () => receive({ QueueUrl: none })],
      ...Array.from({ length: 8 }, () => [stopped, refused]).flat(),
    ];
    const { expected, requests } = startMixed(kinds);
    const results = await Promise.allSettled(requests);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(850);
    await expectCalls(recorder, expected);
    unreachable.destroy();
  });
});

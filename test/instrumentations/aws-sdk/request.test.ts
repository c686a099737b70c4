/** Requests to services that have no messages, of a server that answers as AWS does. */
import { randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { awsSdk as instrumentation } from '../../../src/instrumentations/aws-sdk.js';
import { freePort } from '../../support/app.js';
import { expectCalls, type Kind, startMixed } from '../../support/mixed-operations.js';
import { hasMoto, MOTO_TIMEOUT_MS, startMoto } from '../../support/moto.js';
import { type Ended, record } from '../../support/recorder.js';
import type { Server } from '../../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../../support/trace.js';

const recorder = record(instrumentation);
const isAvailable = hasMoto();
const TableName = 'orders';
const Item = { id: { S: '7' } };
let server: Server;
let dynamo: DynamoDBClient;
let s3: S3Client;

const config = () => ({
  endpoint: `http://${server.host}:${server.port}`,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});

beforeAll(async () => {
  if (!isAvailable) return;
  server = await startMoto();
  dynamo = new DynamoDBClient(config());
  s3 = new S3Client({ ...config(), forcePathStyle: true });
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
}, MOTO_TIMEOUT_MS);
afterAll(async () => {
  dynamo?.destroy();
  s3?.destroy();
  await server?.close();
});
afterEach(() => recorder.forget());

/** What a call was: `PutItem orders ok`. */
function summary({ route, error }: Ended): string {
  return `${route} ${error ?? 'ok'}`;
}

describe.skipIf(!isAvailable)('the SDK of AWS', () => {
  test('an operation of DynamoDB has the names of a database', async () => {
    recorder.forget();
    const id = newTraceId();
    const answer = await inTrace(id, () => dynamo.send(new PutItemCommand({ TableName, Item })));

    const [put] = await recorder.take(1);
    expect(put).toMatchObject({ kind: 'client', traceId: id, error: undefined });
    expect(put?.attributes).toEqual({
      'db.system.name': 'aws.dynamodb',
      'db.collection.name': TableName,
      'db.operation.name': 'PutItem',
      'db.query.summary': 'PutItem orders',
      'aws.request_id': answer.$metadata.requestId,
    });
  });

  test('an operation of several tables or of none is named by itself, that of a document by what it sends', async () => {
    await dynamo.send(new PutItemCommand({ TableName, Item }));
    await dynamo.send(new ListTablesCommand());
    await dynamo.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [{ id: { S: '7' } }] } } }),
    );
    const documents = DynamoDBDocumentClient.from(dynamo);
    const { Item: found } = await documents.send(new GetCommand({ TableName, Key: { id: '7' } }));
    expect(found).toEqual({ id: '7' });

    expect((await recorder.take(4)).map(summary)).toEqual([
      'PutItem orders ok',
      'ListTables ok',
      'BatchGetItem ok',
      'GetItem orders ok',
    ]);
  });

  test('a request to another service is a call of its API', async () => {
    const Bucket = `books-${randomUUID()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'text' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/b' }));
    expect(await Body?.transformToString()).toBe('text');
    const sqs = new SQSClient(config());
    await sqs.send(new CreateQueueCommand({ QueueName: `orders-${randomUUID()}` }));
    sqs.destroy();

    const [create, put, get, queue] = await recorder.take(4);
    expect([create, put, get, queue].map((call) => call && summary(call))).toEqual([
      'S3/CreateBucket ok',
      'S3/PutObject ok',
      'S3/GetObject ok',
      'SQS/CreateQueue ok',
    ]);
    expect(get?.attributes).toMatchObject({
      'rpc.system.name': 'aws-api',
      'aws.s3.bucket': Bucket,
      'aws.s3.key': 'a/b',
    });
  });

  test('errors and callbacks stay as they are, and what throws at once has ended', async () => {
    const missing = new GetItemCommand({ TableName: 'none', Key: { id: { S: '7' } } });
    await expect(dynamo.send(missing)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const id = newTraceId();
    const seen = await new Promise((resolve) => {
      inTrace(id, () => {
        const returned = dynamo.send(new ListTablesCommand(), (error: unknown, output?: object) =>
          resolve([error, typeof output, currentTraceId(), returned]),
        );
      });
    });
    expect(seen).toEqual([null, 'object', id, undefined]);
    expect(() => dynamo.send({} as never)).toThrow(TypeError);

    expect((await recorder.take(3)).map(summary)).toEqual([
      'GetItem none ResourceNotFoundException',
      'ListTables ok',
      'Object TypeError',
    ]);
  });

  test('of 1,000 mixed operations each is counted once, in its own trace', async () => {
    const unreachable = new DynamoDBClient({ ...config(), endpoint: `http://127.0.0.1:${await freePort()}` });
    const aborted = new AbortController();
    aborted.abort();
    const put = () => new PutItemCommand({ TableName, Item });
    const stopped: Kind = [['PutItem orders ok'], () => dynamo.send(put(), { abortSignal: aborted.signal })];
    const refused: Kind = [['PutItem orders ECONNREFUSED'], () => unreachable.send(put())];
    const kinds: Kind[] = [
      [['PutItem orders ok'], () => dynamo.send(put())],
      [['ListTables ok'], () => dynamo.send(new ListTablesCommand())],
      [
        ['GetItem none ResourceNotFoundException'],
        () => dynamo.send(new GetItemCommand({ TableName: 'none', Key: { id: { S: '7' } } })),
      ],
      // The server takes 20 ms for a request, so most of them do not reach it.
      ...Array.from({ length: 8 }, () => [stopped, refused]).flat(),
    ];
    const { expected, requests } = startMixed(kinds);
    await Promise.allSettled(requests);
    await expectCalls(recorder, expected);
    unreachable.destroy();
  });
});

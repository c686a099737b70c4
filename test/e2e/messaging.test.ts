/**
 * An application that sends messages from HTTP requests and receives them itself, as CommonJS and as ES modules: it sees
 * what it sees without Redhook, and each message is in the trace of the request that has sent it.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AppOptions, NODES, runApp } from '../support/app.js';
import { type ReceivedSpan, startCollector } from '../support/collector.js';
import { hasKafka, KAFKA_TIMEOUT_MS, startKafka } from '../support/kafka.js';
import { hasMoto, startMoto } from '../support/moto.js';
import { hasRabbitmq, startRabbitmq } from '../support/rabbitmq.js';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/server.js';

const ROUNDS = 5;
/** An application waits for its messages for half of that. */
const TIMEOUT_MS = 60_000;

interface Library {
  readonly name: string;
  has(): boolean;
  start(): Promise<Server>;
  /** For each kind of request, what is inside it: `PRODUCER add`, `CONSUMER process`. */
  readonly requests: Record<string, string[]>;
}

const LIBRARIES: Library[] = [
  {
    name: 'bullmq',
    has: hasRedis,
    start: startRedis,
    requests: {
      add: ['CONSUMER process', 'PRODUCER add'],
      fail: ['CONSUMER process RangeError', 'CONSUMER process RangeError', 'PRODUCER add'],
      bulk: ['CONSUMER process', 'CONSUMER process', 'PRODUCER addBulk'],
      flow: ['CONSUMER process', 'CONSUMER process', 'PRODUCER add'],
      refused: ['PRODUCER add Error'],
    },
  },
  {
    name: 'kafkajs',
    has: hasKafka,
    start: startKafka,
    requests: {
      send: ['CONSUMER process', 'PRODUCER send'],
      batch: ['CONSUMER process', 'PRODUCER send'],
      refused: ['PRODUCER send KafkaJSNonRetriableError'],
    },
  },
  {
    name: 'amqplib',
    has: hasRabbitmq,
    start: startRabbitmq,
    requests: {
      send: ['CLIENT ack', 'CONSUMER process', 'PRODUCER publish'],
      refuse: ['CLIENT nack', 'CONSUMER process nack', 'PRODUCER publish'],
      get: ['CLIENT ack', 'CLIENT get', 'CLIENT get', 'PRODUCER publish'],
      closed: ['PRODUCER publish IllegalOperationError'],
    },
  },
  {
    name: 'aws-sdk',
    has: hasMoto,
    start: startMoto,
    requests: {
      send: ['CLIENT DeleteMessageBatch', 'CLIENT ReceiveMessage', 'PRODUCER SendMessage'],
      batch: ['CLIENT DeleteMessageBatch', 'CLIENT ReceiveMessage', 'PRODUCER SendMessageBatch'],
      publish: ['PRODUCER Publish'],
      none: ['PRODUCER SendMessage QueueDoesNotExist'],
    },
  },
];

for (const { name, has, start, requests } of LIBRARIES) {
  describe.skipIf(!has())(`an application with ${name}`, () => {
    let server: Server;
    let bare: string;

    beforeAll(async () => {
      server = await start();
      bare = await run('cjs', { flags: [] });
      expect(bare.split('\n').length).toBeGreaterThan(ROUNDS * Object.keys(requests).length);
    }, KAFKA_TIMEOUT_MS);
    afterAll(async () => {
      await server?.close();
    });

    async function run(modules: string, options: AppOptions, env?: Record<string, string>): Promise<string> {
      const app = runApp(`messaging/${name}.${modules}`, {
        ...options,
        env: { SERVER: `${server.host}:${server.port}`, ...env },
      });
      const { code } = await app.ended;
      expect({ code, stderr: code === 0 ? '' : app.stderr() }).toEqual({ code: 0, stderr: '' });
      return app.stdout();
    }

    test.each([
      ['cjs', 'grpc', '22.15.0'],
      ['mjs', 'http/protobuf', '26'],
    ] as const)(
      'as %s, with spans over OTLP/%s, on Node %s',
      async (modules, protocol, version) => {
        const collector = await startCollector();
        onTestFinished(() => collector.close());
        const stdout = await run(
          modules,
          { node: NODES[version] },
          {
            OTEL_SERVICE_NAME: name,
            OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? collector.url : collector.httpUrl,
            OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
            OTEL_METRICS_EXPORTER: 'none',
          },
        );
        expect(stdout).toBe(bare);

        const messages = collector.spans.filter(({ attributes }) => 'messaging.system' in attributes);
        const seen = collector.spans
          .filter(({ kind }) => kind === 'SERVER')
          .map((request) => [
            String(request.attributes['url.path']).slice(1),
            ...messages
              .filter((span) => belongsTo(span, request))
              .map(summary)
              .sort(),
          ]);
        expect(seen.sort()).toEqual(
          Object.entries(requests)
            .flatMap(([path, inside]) => Array(ROUNDS).fill([path, ...inside]))
            .sort(),
        );
        expect(messages).toHaveLength(seen.flat().length - seen.length);
      },
      TIMEOUT_MS,
    );
  });
}

/** Whether a call is in the trace of a request, or is linked to it because it has messages of several ones. */
function belongsTo({ traceId, links }: ReceivedSpan, request: ReceivedSpan): boolean {
  return traceId === request.traceId || links.some((link) => link.traceId === request.traceId);
}

function summary({ kind, attributes }: ReceivedSpan): string {
  const parts = [kind, attributes['messaging.operation.name'], attributes['error.type']];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** Receivers that limit the size of a request themselves: a gRPC server, and a proxy that reads no more than it takes. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { TraceFlags } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import { expect, onTestFinished, test } from 'vitest';
import type { OtlpMetricExporter } from '../../../src/config/config.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { encodeMetrics } from '../../../src/telemetry/otlp/encoding/encode-metrics.js';
import { createMetricExporter } from '../../../src/telemetry/otlp/metric-exporter.js';
import { OtlpSpanProcessor } from '../../../src/telemetry/otlp/span-processor.js';
import { SCOPE } from '../../../src/telemetry/scope.js';
import { otlp } from '../../support/exporter.js';
import { decodeMetrics, decodeSpans } from '../../support/otlp.js';
import { callsInto, startSdk } from '../../support/sdk-metrics.js';
import { finishedSpans } from '../../support/spans.js';

const LIMIT = 300_000;

interface Receiver {
  readonly exporter: OtlpMetricExporter;
  readonly bodies: Buffer[];
}

async function grpcReceiver(limit = LIMIT): Promise<Receiver> {
  const bodies: Buffer[] = [];
  const server = new Server({ 'grpc.max_receive_message_length': limit });
  const same = (bytes: Buffer): Buffer => bytes;
  for (const signal of ['trace', 'metrics'] as const) {
    const name = signal === 'trace' ? 'TraceService' : 'MetricsService';
    const service: ServiceDefinition = {
      Export: {
        path: `/opentelemetry.proto.collector.${signal}.v1.${name}/Export`,
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    };
    server.addService(service, {
      Export({ request }: { request: Buffer }, done: (error: null, answer: Buffer) => void) {
        bodies.push(request);
        done(null, Buffer.alloc(0));
      },
    });
  }
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { exporter: otlp(`http://127.0.0.1:${port}`), bodies };
}

async function httpReceiver(): Promise<Receiver> {
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    if (Number(request.headers['content-length']) > LIMIT) {
      response.writeHead(413, { connection: 'close' }).end('too large\n');
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { exporter: otlp(`http://127.0.0.1:${port}/v1/traces`, { protocol: 'http/protobuf' }), bodies };
}

test.each([
  ['a gRPC server', () => grpcReceiver()],
  ['a proxy for HTTP', httpReceiver],
])('%s with a limit gets all spans', async (_, start) => {
  const { exporter, bodies } = await start();
  let dropped = 0;
  const processor = new OtlpSpanProcessor({
    exporter,
    resource: emptyResource(),
    scope: SCOPE,
    queue: { maxSize: 2048, maxBatch: 512, delayMs: 60_000 },
    dropped: {
      add(count) {
        dropped += count;
      },
    },
  });
  for (const span of finishedSpans(500)) {
    const attributes = { value: { text: 'x'.repeat(2_000) } };
    processor.onEnd(Object.create(span, { attributes }));
  }

  await processor.shutdown();

  const names = bodies.flatMap((body) => decodeSpans(body).map(({ name }) => name));
  expect(names).toEqual(Array.from({ length: 500 }, (__, i) => `span ${i + 1}`));
  expect(dropped).toBe(0);
});

test('a gRPC server with its default limit gets 10,000 series of calls', async () => {
  const { exporter, bodies } = await grpcReceiver(4 * 1024 * 1024);
  const red = createRed({ maxRoutes: 10_000, maxSeries: 10_000, exemplars: 'trace_based' });
  const call = callsInto(red);
  const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  for (let i = 0; i < 10_000; i += 1) call({ route: `/orders/${i}/with/a/long/route/:id`, span });
  const metrics = await startSdk([red.producer]).read();
  const pusher = createMetricExporter(exporter);

  const result = await new Promise<ExportResult>((resolve) => pusher.export(metrics, resolve));

  expect(result).toEqual({ code: ExportResultCode.SUCCESS });
  expect(encodeMetrics(metrics).length, 'too large for one request').toBeGreaterThan(4 * 1024 * 1024);
  const points = bodies
    .flatMap((body) => decodeMetrics(body))
    .filter(({ name }) => name === 'http.server.request.duration')
    .flatMap((metric) => metric.points);
  expect(new Set(points.map(({ attributes }) => attributes['http.route'])).size).toBe(10_000);
  expect(points.every(({ exemplars, count }) => exemplars.length === 1 && count === 1)).toBe(true);
  await pusher.shutdown();
});

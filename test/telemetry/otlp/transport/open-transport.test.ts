import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OtlpExporter } from '../../../../src/config/config.js';
import type { ExportResponse } from '../../../../src/telemetry/otlp/transport/export-response.js';
import { openTransport } from '../../../../src/telemetry/otlp/transport/open-transport.js';
import type { Transport } from '../../../../src/telemetry/otlp/transport/transport.js';
import { freePort } from '../../../support/app.js';
import { type Certificate, createCertificate, hasOpenssl } from '../../../support/certificate.js';
import { type Answer, type Collector, startCollector } from '../../../support/collector.js';
import { otlp } from '../../../support/exporter.js';
import { finishedSpans, richSpan } from '../../../support/spans.js';

const body = ProtobufTraceSerializer.serializeRequest(finishedSpans(2)) as Uint8Array;

type Target = (at: Collector) => Pick<OtlpExporter, 'protocol' | 'endpoint'>;

const protocols: Record<OtlpExporter['protocol'], Target> = {
  grpc: ({ url }) => ({ protocol: 'grpc', endpoint: url }),
  'http/protobuf': ({ httpUrl }) => ({ protocol: 'http/protobuf', endpoint: `${httpUrl}/v1/traces` }),
};

describe.each(Object.entries(protocols))('%s', (protocol, target) => {
  let collector: Collector;
  let transport: Transport;

  const open = (settings: Partial<OtlpExporter> = {}) => {
    transport = openTransport(otlp('', { ...target(collector), ...settings }), 'traces');
    return transport;
  };

  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(async () => {
    transport?.close();
    await collector.close();
  });

  test('delivers every field of a span', async () => {
    const span = richSpan();
    const result = await open().send([ProtobufTraceSerializer.serializeRequest([span]) as Uint8Array]);
    expect(result).toMatchObject({ status: 'success' });
    const nanos = ([seconds, nano]: readonly [number, number]) =>
      BigInt(seconds) * 1_000_000_000n + BigInt(nano);
    expect(collector.spans).toEqual([
      {
        name: 'GET /orders/:id',
        kind: 'SERVER',
        traceId: 'a'.repeat(32),
        spanId: span.spanContext().spanId,
        parentSpanId: 'd'.repeat(16),
        traceState: '',
        startTime: nanos(span.startTime),
        endTime: nanos(span.endTime),
        attributes: { text: 'wörd', yes: true, integer: -42, fraction: 0.5, list: ['a', 'b'] },
        events: [
          { name: 'cache miss', time: nanos(span.events[0]?.time ?? [0, 0]), attributes: { key: 'k' } },
        ],
        links: [
          {
            traceId: 'b'.repeat(32),
            spanId: 'c'.repeat(16),
            traceState: '',
            attributes: { why: 'retry' },
            flags: 0x101,
          },
        ],
        droppedLinks: 0,
        status: { code: 'ERROR', message: 'broken' },
        flags: 0x301,
        resource: { 'service.name': 'orders', 'process.pid': 7 },
        scope: { name: 'test', version: '1.2.3' },
      },
    ]);
  });

  test('reuses one connection for many requests', async () => {
    open();
    for (let i = 0; i < 3; i += 1) expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(collector.spans).toHaveLength(6);
    expect(collector.connections).toBe(1);
  });

  test('sends the configured headers', async () => {
    await open({ headers: { authorization: 'Bearer abc', 'x-tenant': 'shop' } }).send([body]);
    expect(collector.requests[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-tenant': 'shop' });
  });

  test('compresses with gzip when it is configured', async () => {
    await open({ compression: 'gzip' }).send([body]);
    const headers = collector.requests[0]?.headers ?? {};
    expect(headers[protocol === 'grpc' ? 'grpc-encoding' : 'content-encoding']).toBe('gzip');
    expect(collector.requests[0]?.body).toEqual(Buffer.from(body));
  });

  test('sends bodies larger than the flow-control window', async () => {
    const large = ProtobufTraceSerializer.serializeRequest(finishedSpans(5_000)) as Uint8Array;
    expect(large.length).toBeGreaterThan(300_000);
    expect(await open().send([large.subarray(0, 7), large.subarray(7)])).toMatchObject({
      status: 'success',
    });
    expect(collector.spans).toHaveLength(5_000);
  });

  test('reports a refused connection and delivers as soon as a collector listens', async () => {
    const port = await freePort();
    const path = protocol === 'grpc' ? '' : '/v1/traces';
    open({ endpoint: `http://127.0.0.1:${port}${path}` });
    expect(await transport.send([body])).toEqual({ status: 'retryable', reason: 'ECONNREFUSED' });
    const late = await startCollector({ [protocol === 'grpc' ? 'port' : 'httpPort']: port });
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(late.spans).toHaveLength(2);
    await late.close();
  });

  test('reconnects after the collector was restarted', async () => {
    await open().send([body]);
    await collector.close();
    expect(await transport.send([body])).toMatchObject({ status: 'retryable' });
    collector = await startCollector({ port: collector.port, httpPort: collector.httpPort });
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
  });

  test('gives up after the timeout and does not reuse the connection', async () => {
    collector.answer({ hang: true });
    open({ timeoutMs: 200 });
    expect(await transport.send([body])).toEqual({
      status: 'retryable',
      reason: 'no answer in 200 ms',
      progress: 'sent',
    });
    collector.answer({});
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(collector.connections).toBe(2);
  });

  test('reports a header that cannot be sent as a retryable result instead of throwing', async () => {
    const bad = protocol === 'grpc' ? { connection: 'close' } : { 'x-bad': 'line\nbreak' };
    const [name = ''] = Object.keys(bad);
    const result = await open({ headers: bad }).send([body]);
    expect(result).toMatchObject({ status: 'retryable', reason: expect.stringContaining(name) });
  });

  test('names a missing certificate file in the reason', async () => {
    const result = await open({ endpoint: 'https://127.0.0.1:1', certificate: 'no-such.pem' }).send([body]);
    expect(result).toEqual({
      status: 'retryable',
      reason: "ENOENT: no such file or directory, open 'no-such.pem'",
    });
  });
});

describe('grpc', () => {
  test.each<[string, Answer, ExportResponse]>([
    ['UNAVAILABLE', { grpcStatus: 14 }, { status: 'retryable', reason: 'UNAVAILABLE', progress: 'answered' }],
    [
      'UNAVAILABLE with a message',
      { grpcStatus: 14, grpcMessage: 'zu voll: 100 %' },
      { status: 'retryable', reason: 'UNAVAILABLE: zu voll: 100 %', progress: 'answered' },
    ],
    [
      'UNAVAILABLE with a retry delay',
      { grpcStatus: 14, retryDelayMs: 2_500 },
      { status: 'retryable', reason: 'UNAVAILABLE', retryInMillis: 2_500, progress: 'answered' },
    ],
    [
      'RESOURCE_EXHAUSTED',
      { grpcStatus: 8 },
      { status: 'failure', reason: 'RESOURCE_EXHAUSTED', because: 'content' },
    ],
    [
      'RESOURCE_EXHAUSTED with a retry delay',
      { grpcStatus: 8, retryDelayMs: 100 },
      { status: 'retryable', reason: 'RESOURCE_EXHAUSTED', retryInMillis: 100, progress: 'answered' },
    ],
    [
      'INVALID_ARGUMENT',
      { grpcStatus: 3 },
      { status: 'failure', reason: 'INVALID_ARGUMENT', because: 'content' },
    ],
    [
      'a message that is too large',
      { grpcStatus: 8, grpcMessage: 'grpc: received message larger than max (4500000 vs. 4194304)' },
      {
        status: 'failure',
        reason: 'RESOURCE_EXHAUSTED: grpc: received message larger than max (4500000 vs. 4194304)',
        because: 'size',
      },
    ],
    [
      'DEADLINE_EXCEEDED',
      { grpcStatus: 4 },
      { status: 'retryable', reason: 'DEADLINE_EXCEEDED', progress: 'sent' },
    ],
    [
      'HTTP 413 from a proxy',
      { httpStatus: 413 },
      { status: 'failure', reason: 'HTTP 413 without a gRPC status', because: 'size' },
    ],
    ['UNAUTHENTICATED', { grpcStatus: 16 }, { status: 'failure', reason: 'UNAUTHENTICATED' }],
    ['an unknown status code', { grpcStatus: 99 }, { status: 'failure', reason: 'UNKNOWN' }],
    [
      'HTTP 503 from a proxy',
      { httpStatus: 503 },
      { status: 'retryable', reason: 'HTTP 503 without a gRPC status', progress: 'answered' },
    ],
    [
      'HTTP 404 from a server that does not speak gRPC',
      { httpStatus: 404 },
      {
        status: 'failure',
        reason:
          'HTTP 404 without a gRPC status; for OTLP over HTTP, set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      },
    ],
  ])('classifies %s', async (_, answer, expected) => {
    const collector = await startCollector();
    collector.answer(answer);
    const transport = openTransport(otlp(collector.url), 'traces');
    expect(await transport.send([body])).toEqual(expected);
    transport.close();
    await collector.close();
  });

  test('sends its deadline to the server', async () => {
    const collector = await startCollector();
    const transport = openTransport(otlp(collector.url, { timeoutMs: 1_234 }), 'traces');
    await transport.send([body]);
    expect(collector.requests[0]?.headers).toMatchObject({ 'grpc-timeout': '1234m', te: 'trailers' });
    transport.close();
    await collector.close();
  });

  test('finishes the request in flight after GOAWAY, then opens a new connection', async () => {
    const collector = await startCollector();
    const transport = openTransport(otlp(collector.url), 'traces');
    await transport.send([body]);
    collector.answer({ delayMs: 100 });
    const inFlight = transport.send([body]);
    await collector.waitForRequests(2);
    collector.goAway();
    expect(await inFlight).toMatchObject({ status: 'success' });
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(collector.connections).toBe(2);
    transport.close();
    await collector.close();
  });
});

describe('http/protobuf', () => {
  test.each<[string, Answer, ExportResponse]>([
    ['503', { httpStatus: 503 }, { status: 'retryable', reason: 'HTTP 503', progress: 'answered' }],
    [
      '429 with Retry-After',
      { httpStatus: 429, retryAfter: '7' },
      { status: 'retryable', reason: 'HTTP 429', retryInMillis: 7_000, progress: 'answered' },
    ],
    ['400', { httpStatus: 400 }, { status: 'failure', reason: 'HTTP 400', because: 'content' }],
    ['413', { httpStatus: 413 }, { status: 'failure', reason: 'HTTP 413', because: 'size' }],
    ['504', { httpStatus: 504 }, { status: 'retryable', reason: 'HTTP 504', progress: 'sent' }],
    ['500', { httpStatus: 500 }, { status: 'failure', reason: 'HTTP 500' }],
    ['401', { httpStatus: 401 }, { status: 'failure', reason: 'HTTP 401' }],
    ['a redirect', { httpStatus: 302 }, { status: 'failure', reason: 'HTTP 302' }],
  ])('classifies %s', async (_, answer, expected) => {
    const collector = await startCollector();
    collector.answer(answer);
    const transport = openTransport(
      otlp(`${collector.httpUrl}/v1/traces`, { protocol: 'http/protobuf' }),
      'traces',
    );
    expect(await transport.send([body])).toEqual(expected);
    transport.close();
    await collector.close();
  });
});

describe.skipIf(!hasOpenssl())('TLS (needs openssl)', () => {
  let certificate: Certificate;
  let collector: Collector;
  beforeEach(() => {
    certificate = createCertificate();
  });
  afterEach(async () => {
    await collector.close();
    certificate.remove();
  });

  describe.each(Object.entries(protocols))('%s', (_, target) => {
    const send = async (settings: Partial<OtlpExporter>) => {
      const transport = openTransport(otlp('', { ...target(collector), ...settings }), 'traces');
      const result = await transport.send([body]);
      transport.close();
      return result;
    };

    test('trusts the configured certificate', async () => {
      collector = await startCollector({ tls: certificate });
      expect(await send({ certificate: certificate.certFile })).toMatchObject({ status: 'success' });
      expect(collector.spans).toHaveLength(2);
    });

    test('rejects an unknown certificate', async () => {
      collector = await startCollector({ tls: certificate });
      expect(await send({})).toMatchObject({
        status: 'retryable',
        reason: expect.stringMatching(/^self-signed certificate/),
      });
      expect(collector.requests).toHaveLength(0);
    });

    test('sends the client certificate to a server that requires one', async () => {
      const { key, cert, keyFile: clientKey, certFile } = certificate;
      collector = await startCollector({ tls: { key, cert, ca: cert } });
      const trusting = { certificate: certFile };
      expect(await send({ ...trusting, clientKey, clientCertificate: certFile })).toMatchObject({
        status: 'success',
      });
      expect(await send(trusting)).toMatchObject({ status: 'retryable' });
    });
  });
});

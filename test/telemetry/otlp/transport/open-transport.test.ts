import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OtlpExporter } from '../../../../src/config/config.js';
import type { ExportResponse } from '../../../../src/telemetry/otlp/transport/export-response.js';
import { openTransport } from '../../../../src/telemetry/otlp/transport/open-transport.js';
import type { Transport } from '../../../../src/telemetry/otlp/transport/transport.js';
import { type Certificate, createCertificate, hasOpenssl } from '../../../support/certificate.js';
import { type Answer, type Collector, deadPort, startCollector } from '../../../support/collector.js';
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

  it('delivers every part of a span', async () => {
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
        links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: { why: 'retry' } }],
        status: { code: 'ERROR', message: 'broken' },
        resource: { 'service.name': 'orders', 'process.pid': 7 },
        scope: { name: 'test', version: '1.2.3' },
      },
    ]);
  });

  it('keeps one connection for many requests', async () => {
    open();
    for (let i = 0; i < 3; i += 1) expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(collector.spans).toHaveLength(6);
    expect(collector.connections).toBe(1);
  });

  it('sends the configured headers', async () => {
    await open({ headers: { authorization: 'Bearer abc', 'x-tenant': 'shop' } }).send([body]);
    expect(collector.requests[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-tenant': 'shop' });
  });

  it('compresses with gzip when told to', async () => {
    await open({ compression: 'gzip' }).send([body]);
    const headers = collector.requests[0]?.headers ?? {};
    expect(headers[protocol === 'grpc' ? 'grpc-encoding' : 'content-encoding']).toBe('gzip');
    expect(collector.requests[0]?.body).toEqual(Buffer.from(body));
  });

  it('sends bodies larger than the window of the connection', async () => {
    const large = ProtobufTraceSerializer.serializeRequest(finishedSpans(5_000)) as Uint8Array;
    expect(large.length).toBeGreaterThan(300_000);
    expect(await open().send([large.subarray(0, 7), large.subarray(7)])).toMatchObject({
      status: 'success',
    });
    expect(collector.spans).toHaveLength(5_000);
  });

  it('says that nobody listens, and delivers as soon as somebody does', async () => {
    const port = await deadPort();
    const path = protocol === 'grpc' ? '' : '/v1/traces';
    open({ endpoint: `http://127.0.0.1:${port}${path}` });
    expect(await transport.send([body])).toEqual({ status: 'retryable', reason: 'ECONNREFUSED' });
    const late = await startCollector({ [protocol === 'grpc' ? 'port' : 'httpPort']: port });
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(late.spans).toHaveLength(2);
    await late.close();
  });

  it('connects again after the collector was killed', async () => {
    await open().send([body]);
    await collector.close();
    expect(await transport.send([body])).toMatchObject({ status: 'retryable' });
    collector = await startCollector({ port: collector.port, httpPort: collector.httpPort });
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
  });

  it('gives up an answer that does not come, and does not reuse that connection', async () => {
    collector.answer({ hang: true });
    open({ timeoutMs: 200 });
    expect(await transport.send([body])).toEqual({ status: 'retryable', reason: 'no answer in 200 ms' });
    collector.answer({});
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(collector.connections).toBe(2);
  });

  it('takes a header that cannot be sent for a failure, and does not throw', async () => {
    const bad = protocol === 'grpc' ? { connection: 'close' } : { 'x-bad': 'line\nbreak' };
    const [name = ''] = Object.keys(bad);
    const result = await open({ headers: bad }).send([body]);
    expect(result).toMatchObject({ status: 'retryable', reason: expect.stringContaining(name) });
  });

  it('names the certificate file that is missing', async () => {
    const result = await open({ endpoint: 'https://127.0.0.1:1', certificate: 'no-such.pem' }).send([body]);
    expect(result).toEqual({
      status: 'retryable',
      reason: "ENOENT: no such file or directory, open 'no-such.pem'",
    });
  });
});

describe('grpc', () => {
  it.each<[string, Answer, ExportResponse]>([
    ['UNAVAILABLE', { grpcStatus: 14 }, { status: 'retryable', reason: 'UNAVAILABLE' }],
    [
      'a message',
      { grpcStatus: 14, grpcMessage: 'zu voll: 100 %' },
      { status: 'retryable', reason: 'UNAVAILABLE: zu voll: 100 %' },
    ],
    [
      'a delay',
      { grpcStatus: 14, retryDelayMs: 2_500 },
      { status: 'retryable', reason: 'UNAVAILABLE', retryInMillis: 2_500 },
    ],
    ['RESOURCE_EXHAUSTED', { grpcStatus: 8 }, { status: 'failure', reason: 'RESOURCE_EXHAUSTED' }],
    [
      'RESOURCE_EXHAUSTED for a while',
      { grpcStatus: 8, retryDelayMs: 100 },
      { status: 'retryable', reason: 'RESOURCE_EXHAUSTED', retryInMillis: 100 },
    ],
    ['INVALID_ARGUMENT', { grpcStatus: 3 }, { status: 'failure', reason: 'INVALID_ARGUMENT' }],
    ['UNAUTHENTICATED', { grpcStatus: 16 }, { status: 'failure', reason: 'UNAUTHENTICATED' }],
    ['a code of tomorrow', { grpcStatus: 99 }, { status: 'failure', reason: 'UNKNOWN' }],
    [
      'a proxy without a backend',
      { httpStatus: 503 },
      { status: 'retryable', reason: 'HTTP 503 without a gRPC status' },
    ],
    [
      'a server of another kind',
      { httpStatus: 404 },
      { status: 'failure', reason: 'HTTP 404 without a gRPC status' },
    ],
  ])('judges %s', async (_, answer, expected) => {
    const collector = await startCollector();
    collector.answer(answer);
    const transport = openTransport(otlp(collector.url), 'traces');
    expect(await transport.send([body])).toEqual(expected);
    transport.close();
    await collector.close();
  });

  it('tells the server its deadline', async () => {
    const collector = await startCollector();
    const transport = openTransport(otlp(collector.url, { timeoutMs: 1_234 }), 'traces');
    await transport.send([body]);
    expect(collector.requests[0]?.headers).toMatchObject({ 'grpc-timeout': '1234m', te: 'trailers' });
    transport.close();
    await collector.close();
  });

  it('finishes what is under way when the server says goodbye, then connects anew', async () => {
    const collector = await startCollector();
    const transport = openTransport(otlp(collector.url), 'traces');
    await transport.send([body]);
    collector.answer({ delayMs: 100 });
    const underWay = transport.send([body]);
    await collector.waitForRequests(2);
    collector.goAway();
    expect(await underWay).toMatchObject({ status: 'success' });
    expect(await transport.send([body])).toMatchObject({ status: 'success' });
    expect(collector.connections).toBe(2);
    transport.close();
    await collector.close();
  });

  it('is not confused by a server that speaks HTTP/1 only', async () => {
    const collector = await startCollector();
    const transport = openTransport(otlp(collector.httpUrl), 'traces');
    expect(await transport.send([body])).toMatchObject({ status: 'retryable', reason: 'Protocol error' });
    transport.close();
    await collector.close();
  });
});

describe('http/protobuf', () => {
  it.each<[string, Answer, ExportResponse]>([
    ['503', { httpStatus: 503 }, { status: 'retryable', reason: 'HTTP 503' }],
    [
      '429 with a delay',
      { httpStatus: 429, retryAfter: '7' },
      { status: 'retryable', reason: 'HTTP 429', retryInMillis: 7_000 },
    ],
    ['500', { httpStatus: 500 }, { status: 'failure', reason: 'HTTP 500' }],
    ['401', { httpStatus: 401 }, { status: 'failure', reason: 'HTTP 401' }],
    ['a redirect', { httpStatus: 302 }, { status: 'failure', reason: 'HTTP 302' }],
  ])('judges %s', async (_, answer, expected) => {
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

    it('trusts the certificate that is named', async () => {
      collector = await startCollector({ tls: certificate });
      expect(await send({ certificate: certificate.certFile })).toMatchObject({ status: 'success' });
      expect(collector.spans).toHaveLength(2);
    });

    it('does not trust an unknown certificate', async () => {
      collector = await startCollector({ tls: certificate });
      expect(await send({})).toMatchObject({
        status: 'retryable',
        reason: expect.stringMatching(/^self-signed certificate/),
      });
      expect(collector.requests).toHaveLength(0);
    });

    it('shows its own certificate to a server that asks for one', async () => {
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

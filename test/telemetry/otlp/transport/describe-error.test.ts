import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { OtlpExporter } from '../../../../src/config/config.js';
import type { ExportResponse } from '../../../../src/telemetry/otlp/transport/export-response.js';
import { openTransport } from '../../../../src/telemetry/otlp/transport/open-transport.js';
import { createCertificate, hasOpenssl } from '../../../support/certificate.js';
import { type Collector, startCollector } from '../../../support/collector.js';
import { otlp } from '../../../support/exporter.js';

type Protocol = OtlpExporter['protocol'];

async function send(
  protocol: Protocol,
  endpoint: string,
  settings: Partial<OtlpExporter> = {},
): Promise<ExportResponse> {
  const transport = openTransport(otlp(endpoint, { protocol, ...settings }), 'traces');
  const result = await transport.send([Buffer.alloc(10)]);
  transport.close();
  return result;
}

/** A server of some other protocol, at `host:port`. */
async function serve(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const NO_GRPC =
  'this port does not speak gRPC; for OTLP over HTTP, set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf';
const NO_TLS = 'this port does not use TLS; use http:// instead of https://';
const MAY_EXPECT_TLS = '; if this port expects TLS, use https:// instead of http://';

describe('without TLS', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  test('gRPC to a port that speaks HTTP/1', async () => {
    expect(await send('grpc', collector.httpUrl)).toMatchObject({ status: 'retryable', reason: NO_GRPC });
  });

  test('HTTP to a port that speaks gRPC', async () => {
    const reason = 'this port speaks HTTP/2 only; for OTLP over gRPC, set OTEL_EXPORTER_OTLP_PROTOCOL=grpc';
    expect(await send('http/protobuf', collector.url)).toMatchObject({ status: 'retryable', reason });
  });

  test('HTTP to a port that speaks something else', async () => {
    const host = await serve(createServer((socket) => socket.on('error', () => {}).end('220 mail\r\n')));
    const reason = 'this port does not answer in HTTP';
    expect(await send('http/protobuf', `http://${host}`)).toMatchObject({ status: 'retryable', reason });
  });

  test.each<Protocol>(['grpc', 'http/protobuf'])('https over %s to a port without TLS', async (protocol) => {
    for (const url of [collector.url, collector.httpUrl]) {
      const endpoint = url.replace('http:', 'https:');
      expect(await send(protocol, endpoint)).toMatchObject({ status: 'retryable', reason: NO_TLS });
    }
  });

  test('no hint at TLS for an endpoint that has answered before', async () => {
    const transport = openTransport(otlp(collector.url), 'traces');
    await transport.send([Buffer.alloc(0)]);
    const { port } = collector;
    await collector.close();
    const closing = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end()));
    closing.listen(port, '127.0.0.1');
    onTestFinished(() => void closing.close());
    collector = await startCollector();
    await transport.send([Buffer.alloc(0)]);
    expect(await transport.send([Buffer.alloc(0)])).toMatchObject({
      status: 'retryable',
      reason: 'connection closed',
    });
    transport.close();
  });
});

describe('a port that answers HTTP, but not OTLP', () => {
  const PAGE = 'HTTP 200 with a web page instead of an OTLP answer; check the endpoint';

  test.each([
    ['HTML by its type', { 'content-type': 'text/html; charset=utf-8' }, 'Log in', PAGE],
    ['HTML without a type', {}, '\n<!DOCTYPE html><title>Log in</title>', PAGE],
    ['JSON', { 'content-type': 'application/json' }, '{"partialSuccess":{}}', undefined],
    ['plain text', { 'content-type': 'text/plain' }, 'ok', undefined],
    ['nothing', {}, '', undefined],
  ])('%s', async (_, headers, text, reason) => {
    const host = await serve(
      http.createServer((_request, response) => response.writeHead(200, headers).end(text)),
    );
    const expected = reason === undefined ? { status: 'success' } : { status: 'failure', reason };
    expect(await send('http/protobuf', `http://${host}/v1/traces`)).toMatchObject(expected);
  });

  test.each([
    'Client sent an HTTP request to an HTTPS server.\n',
    '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>',
  ])('a server that says that it expects TLS: %s', async (text) => {
    const host = await serve(http.createServer((_request, response) => response.writeHead(400).end(text)));
    const reason = 'HTTP 400: this port expects TLS; use https:// instead of http://';
    expect(await send('http/protobuf', `http://${host}`)).toEqual({ status: 'failure', reason });
  });
});

describe.skipIf(!hasOpenssl())('with TLS (needs openssl)', () => {
  test('one plain line for each mistake', async () => {
    const certificate = createCertificate();
    const collector = await startCollector({ tls: certificate });
    const trusting = { certificate: certificate.certFile };
    const { url, httpUrl } = collector;
    const reasons = await Promise.all([
      send('grpc', url.replace('https:', 'http:')),
      send('http/protobuf', httpUrl.replace('https:', 'http:')),
      send('grpc', httpUrl, trusting),
      send('http/protobuf', httpUrl, { certificate: certificate.keyFile, clientKey: certificate.certFile }),
    ]);
    const untrusted = [await send('grpc', url), await send('http/protobuf', httpUrl)];
    await collector.close();
    certificate.remove();
    expect(reasons).toMatchObject([
      { status: 'retryable', reason: `connection closed${MAY_EXPECT_TLS}` },
      { status: 'retryable', reason: `ECONNRESET${MAY_EXPECT_TLS}` },
      { status: 'retryable', reason: NO_GRPC },
      { status: 'retryable', reason: 'the PEM files of the exporter cannot be used: unsupported' },
    ]);
    for (const result of untrusted) {
      expect(result).toMatchObject({
        status: 'retryable',
        reason: expect.stringMatching(
          /^self-signed certificate.*; OTEL_EXPORTER_OTLP_CERTIFICATE can name the authority to trust$/,
        ),
      });
    }
  });
});

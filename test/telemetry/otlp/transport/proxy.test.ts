import http from 'node:http';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { OtlpExporter } from '../../../../src/config/config.js';
import { log } from '../../../../src/log.js';
import { openTransport } from '../../../../src/telemetry/otlp/transport/open-transport.js';
import { isProxied, type ProxyEnv, useProxyEnv } from '../../../../src/telemetry/otlp/transport/proxy.js';
import { createSender } from '../../../../src/telemetry/otlp/transport/sender.js';
import { createCertificate, hasOpenssl } from '../../../support/certificate.js';
import { type Collector, startCollector } from '../../../support/collector.js';
import { otlp } from '../../../support/exporter.js';
import { startProxy } from '../../../support/proxy.js';

const direct = http.globalAgent;
let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  http.globalAgent = direct;
  vi.restoreAllMocks();
  await collector.close();
});

function send(endpoint: string, settings: Partial<OtlpExporter> = {}) {
  const transport = openTransport(otlp(endpoint, { protocol: 'http/protobuf', ...settings }), 'traces');
  onTestFinished(() => transport.close());
  return transport.send([Buffer.alloc(0)]);
}

test('sends through the proxy that the requests of Node use', async () => {
  const proxy = await startProxy(collector.httpPort);
  useProxyEnv({ HTTP_PROXY: proxy.url });
  expect(await send('http://collector.invalid:4318/v1/traces')).toMatchObject({ status: 'success' });
  expect(proxy.requests).toEqual(['POST http://collector.invalid:4318/v1/traces']);
  expect(collector.requests).toHaveLength(1);
  await proxy.close();
});

test('sends directly to the hosts of NO_PROXY, and without a proxy', async () => {
  const proxy = await startProxy(collector.httpPort);
  useProxyEnv({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
  const endpoint = `${collector.httpUrl}/v1/traces`;
  expect(await send(endpoint)).toMatchObject({ status: 'success' });
  http.globalAgent = direct;
  expect(await send(endpoint)).toMatchObject({ status: 'success' });
  expect(proxy.requests).toEqual([]);
  await proxy.close();
});

test.skipIf(!hasOpenssl())('sends TLS through a tunnel of the proxy (needs openssl)', async () => {
  const certificate = createCertificate();
  const secure = await startCollector({ tls: certificate });
  const proxy = await startProxy(secure.httpPort);
  useProxyEnv({ HTTPS_PROXY: proxy.url });
  const result = await send('https://localhost:4318/v1/traces', { certificate: certificate.certFile });
  expect(result).toMatchObject({ status: 'success' });
  expect(proxy.requests).toEqual(['CONNECT localhost:4318']);
  await proxy.close();
  await secure.close();
  certificate.remove();
});

test('reports a proxy that refuses, without its credentials', async () => {
  const proxy = await startProxy(collector.httpPort, { answer: 403 });
  useProxyEnv({ HTTPS_PROXY: proxy.url });
  const result = await send('https://collector.invalid:4318/v1/traces');
  expect(result).toMatchObject({ status: 'retryable', reason: expect.stringContaining('403 Forbidden') });
  expect(JSON.stringify(result)).not.toContain('hunter2');
  await proxy.close();
});

test('gives up on a proxy that does not answer, and closes the connection', async () => {
  const proxy = await startProxy(collector.httpPort, { answer: 'nothing' });
  useProxyEnv({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });
  for (const scheme of ['http', 'https']) {
    const result = await send(`${scheme}://collector.invalid:4318`, { timeoutMs: 200 });
    expect(result).toMatchObject({ status: 'retryable', reason: 'no answer in 200 ms' });
  }
  await vi.waitFor(() => expect(proxy.connections()).toBe(0));
  await proxy.close();
});

test('says that gRPC does not go through the proxy', () => {
  const info = vi.spyOn(log, 'info').mockImplementation(() => {});
  useProxyEnv({ HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: 'near' });
  for (const host of ['far', 'near']) createSender(otlp(`http://${host}:4317`), 'traces').close();
  createSender(otlp('http://far:4318', { protocol: 'http/protobuf' }), 'traces').close();
  expect(info.mock.calls).toEqual([
    [
      'traces: gRPC to http://far:4317 does not go through the proxy of the environment; to use it, set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    ],
  ]);
});

describe('isProxied', () => {
  test.each<[string, ProxyEnv, boolean]>([
    ['http://c.example:4317', {}, false],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p' }, true],
    ['http://c.example:4317', { http_proxy: 'http://p' }, true],
    ['http://c.example:4317', { HTTPS_PROXY: 'http://p' }, false],
    ['https://c.example:4317', { HTTPS_PROXY: 'http://p' }, true],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p', NO_PROXY: 'a, c.example' }, false],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p', NO_PROXY: 'c.example:4317' }, false],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p', NO_PROXY: '.example' }, false],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p', no_proxy: '*.example' }, false],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p', no_proxy: '*' }, false],
    ['http://c.example:4317', { HTTP_PROXY: 'http://p', no_proxy: 'ample' }, true],
  ])('%s with %o: %s', (url, env, expected) => {
    useProxyEnv(env);
    expect(isProxied(new URL(url))).toBe(expected);
  });
});

import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import net, { type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { context, createContextKey } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { log } from '../../../src/log.js';
import { createInternalMetrics, producerOf } from '../../../src/telemetry/metrics/internal.js';
import {
  createPrometheusEndpoint,
  type PrometheusEndpoint,
  type PrometheusOptions,
} from '../../../src/telemetry/prometheus/endpoint.js';
import { PrometheusReader, type PrometheusReaderOptions } from '../../../src/telemetry/prometheus/reader.js';
import { parse, total } from '../../support/metrics.js';
import { parseOpenMetrics } from '../../support/openmetrics.js';
import { ORDERS_PAGE } from '../../support/prometheus-page.js';

const endpoints: PrometheusEndpoint[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const endpoint of endpoints.splice(0)) await endpoint.close();
  vi.restoreAllMocks();
});

interface Served {
  endpoint: PrometheusEndpoint;
  provider: MeterProvider;
  port: number;
}

async function serve({
  metricProducers = [],
  cardinalitySelector,
  ...options
}: Partial<PrometheusOptions & PrometheusReaderOptions> = {}): Promise<Served> {
  const internal = createInternalMetrics();
  const reader = new PrometheusReader({
    metricProducers: [internal.producer, ...metricProducers],
    ...(cardinalitySelector !== undefined && { cardinalitySelector }),
  });
  const endpoint = createPrometheusEndpoint({
    host: '127.0.0.1',
    port: 0,
    path: '/metrics',
    ...ORDERS_PAGE,
    internal,
    markAsOwn: () => {},
    collect: (collectOptions) => reader.collect(collectOptions),
    ...options,
  });
  endpoints.push(endpoint);
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders' }),
    readers: [reader],
  });
  endpoint.listen();
  await vi.waitUntil(() => endpoint.address() !== undefined);
  return { endpoint, provider, port: endpoint.address()?.port ?? 0 };
}

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

async function request(
  port: number,
  {
    path = '/metrics',
    method = 'GET',
    headers = {},
  }: { path?: string; method?: string; headers?: OutgoingHttpHeaders } = {},
): Promise<Answer> {
  const outgoing = http.request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

function connect(port: number, bytes = ''): Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  sockets.push(socket);
  return socket;
}

/** A producer whose collections wait until `open` is called. */
function gate(): { producer: MetricProducer; waiting(): number; open(): void } {
  const waiting: (() => void)[] = [];
  const inner = producerOf(() => []);
  return {
    producer: {
      async collect() {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return inner.collect();
      },
    },
    waiting: () => waiting.length,
    open: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

describe('answers', () => {
  test('the default is uncompressed text 0.0.4 with the instruments of the application', async () => {
    const { port, provider } = await serve();
    provider.getMeter('shop').createCounter('carts').add(2);
    const { status, headers, body } = await request(port);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      vary: 'Accept, Accept-Encoding',
    });
    expect(headers).not.toHaveProperty('content-encoding');
    expect(total(parse(body.toString()), 'carts_total', { service_name: 'orders' })).toBe(2);
  });

  test('a scraper gets OpenMetrics and gzip if it asks for them, and the count of earlier scrapes', async () => {
    const { port } = await serve();
    await request(port);
    await request(port, { method: 'HEAD' });
    const { headers, body } = await request(port, {
      path: '/metrics?debug=1',
      headers: { accept: 'application/openmetrics-text;version=1.0.0', 'accept-encoding': 'gzip' },
    });
    expect(headers).toMatchObject({
      'content-type': 'application/openmetrics-text; version=1.0.0; escaping=underscores; charset=utf-8',
      'content-encoding': 'gzip',
    });
    const families = parseOpenMetrics(gunzipSync(body).toString());
    expect(families.find(({ name }) => name === 'redhook_metrics_scrapes')?.samples).toEqual([
      expect.objectContaining({
        value: 2,
        labels: { service_name: 'orders', http_response_status_code: '200' },
      }),
    ]);
  });

  test('a page of many slices is complete, compressed or not', async () => {
    const { port, provider } = await serve({ cardinalitySelector: () => 20_000 });
    const counter = provider.getMeter('shop').createCounter('carts');
    for (let i = 0; i < 10_000; i += 1) counter.add(1, { i, padding: 'x'.repeat(50) });
    const plain = await request(port);
    const gzip = await request(port, { headers: { 'accept-encoding': 'gzip' } });
    expect(plain.body.length).toBeGreaterThan(1_000_000);
    expect(total(parse(plain.body.toString()), 'carts_total')).toBe(10_000);
    expect(total(parse(gunzipSync(gzip.body).toString()), 'carts_total')).toBe(10_000);
  });

  test('the cardinality limit applies to the instruments of the application', async () => {
    const { port, provider } = await serve({ cardinalitySelector: () => 3 });
    const counter = provider.getMeter('shop').createCounter('carts');
    for (let i = 0; i < 10; i += 1) counter.add(1, { i });
    const samples = parse((await request(port)).body.toString()).filter(({ name }) => name === 'carts_total');
    expect(samples).toHaveLength(3);
    expect(total(samples, 'carts_total', { otel_metric_overflow: 'true' })).toBe(8);
  });

  test('HEAD returns the headers of GET and no body', async () => {
    const { port } = await serve();
    const headers = { accept: 'application/openmetrics-text', 'accept-encoding': 'gzip' };
    const [head, get] = [await request(port, { method: 'HEAD', headers }), await request(port, { headers })];
    const names = ['content-type', 'content-encoding', 'vary'] as const;
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect(names.map((name) => head.headers[name])).toEqual(names.map((name) => get.headers[name]));
  });
});

describe('refusals', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s is refused with 405', async (method) => {
    const { port } = await serve();
    const { status, headers } = await request(port, { method });
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
  });

  test.each(['/', '/metrics/', '/metricsx', '/favicon.ico', '//metrics'])(
    '%s returns a 404 that names the path',
    async (path) => {
      const { port } = await serve();
      const { status, body } = await request(port, { path });
      expect(status).toBe(404);
      expect(body.toString()).toBe('Nothing is here; the metrics are at /metrics\n');
    },
  );

  test('the path is configurable', async () => {
    const { port } = await serve({ path: '/internal/m' });
    expect((await request(port, { path: '/internal/m' })).status).toBe(200);
    expect((await request(port)).status).toBe(404);
  });

  test('a request with a body closes the connection after the answer', async () => {
    const { port } = await serve();
    const socket = connect(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('Connection: close');
  });

  test('invalid HTTP and oversized headers are refused', async () => {
    const { port } = await serve();
    for (const [bytes, status] of [
      ['\x16\x03 garbage\r\n\r\n', 400],
      [`GET /metrics HTTP/1.1\r\nHost: x\r\nBaggage: ${'a'.repeat(9_000)}\r\n\r\n`, 431],
    ] as const) {
      let answer = '';
      for await (const chunk of connect(port, bytes)) answer += chunk;
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
  });

  test('a sixth concurrent scrape gets a 503, and the other five are answered', async () => {
    const { producer, waiting, open } = gate();
    const { port } = await serve({ metricProducers: [producer] });
    const scrapes = Array.from({ length: 5 }, () => request(port));
    await vi.waitUntil(() => waiting() === 5);

    const { status, body } = await request(port);
    expect(status).toBe(503);
    expect(body.toString()).toBe('Limit of concurrent requests reached (5), try again later.\n');

    open();
    expect((await Promise.all(scrapes)).map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    const after = request(port);
    await vi.waitUntil(() => waiting() === 1);
    open();
    expect((await after).status).toBe(200);
  });

  test('a scraper that disconnects frees its place', async () => {
    const { producer, waiting, open } = gate();
    const { port } = await serve({ metricProducers: [producer] });
    const leavers = Array.from({ length: 5 }, () =>
      connect(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'),
    );
    await vi.waitUntil(() => waiting() === 5);
    for (const socket of leavers) socket.destroy();
    await delay(50);
    open();
    await delay(50);
    const after = request(port);
    await vi.waitUntil(() => waiting() === 1);
    open();
    expect((await after).status).toBe(200);
  });
});

describe('failing collections', () => {
  test('a failure is a 500 with the reason, and the next scrape works again', async () => {
    const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
    const broken = { now: true };
    const inner = producerOf(() => []);
    const producer: MetricProducer = {
      collect: async () => {
        if (broken.now) throw new Error('no luck');
        return inner.collect();
      },
    };
    const { port } = await serve({ metricProducers: [producer] });
    const { status, headers, body } = await request(port);
    expect(status).toBe(500);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body.toString()).toBe('The metrics could not be collected: no luck\n');
    expect(warn).toHaveBeenCalledOnce();

    broken.now = false;
    expect(total(parse((await request(port)).body.toString()), 'redhook_metrics_scrapes_total')).toBe(1);
  });

  test('a collection that exceeds the timeout of the scraper is a 500', async () => {
    vi.spyOn(log, 'warn').mockImplementation(() => {});
    const { producer } = gate();
    const { port } = await serve({ metricProducers: [producer] });
    const { status, body } = await request(port, {
      headers: { 'x-prometheus-scrape-timeout-seconds': '0.2' },
    });
    expect(status).toBe(500);
    expect(body.toString()).toBe('The metrics could not be collected: it took too long\n');
  });

  test('callbacks that throw or hang only cost their own metrics and one warning', async () => {
    const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
    const { port, provider } = await serve();
    const meter = provider.getMeter('app');
    meter.createCounter('fine').add(1);
    meter.createObservableGauge('broken').addCallback(() => {
      throw new Error('callback failed');
    });
    for (let i = 0; i < 1_000; i += 1)
      meter.createObservableGauge('slow').addCallback(() => new Promise(() => {}));
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await request(port, {
        headers: { 'x-prometheus-scrape-timeout-seconds': '0.4' },
      });
      expect(status).toBe(200);
      expect(total(parse(body.toString()), 'fine_total')).toBe(1);
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toContain('callback failed, and 1000 more;');
  });
});

test('collected metrics can be garbage-collected after a scrape', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  let collected: WeakRef<object> | undefined;
  const { port } = await serve({
    metricProducers: [
      producerOf(() => {
        const metrics = createInternalMetrics().metrics();
        collected = new WeakRef(metrics);
        return metrics;
      }),
    ],
  });
  await request(port);
  await vi.waitUntil(
    () => {
      gc();
      return collected?.deref() === undefined;
    },
    { timeout: 3_000 },
  );
});

describe('lifecycle', () => {
  test('the server is marked as our own, and listens only once', async () => {
    const markAsOwn = vi.fn();
    const { endpoint, port } = await serve({ markAsOwn });
    endpoint.listen();
    expect(markAsOwn).toHaveBeenCalledOnce();
    expect(markAsOwn.mock.calls[0]?.[0]).toBeInstanceOf(http.Server);
    expect(endpoint.address()).toEqual({ port });
  });

  test('an endpoint that is closed before `listen` never listens', async () => {
    const internal = createInternalMetrics();
    const options = {
      host: '',
      port: 0,
      path: '/metrics',
      ...ORDERS_PAGE,
      collect: () => Promise.reject(new Error('nobody asks')),
      internal,
      markAsOwn: () => {},
    };
    const endpoint = createPrometheusEndpoint(options);
    expect(endpoint.address()).toBeUndefined();
    await endpoint.close();
    endpoint.listen();
    expect(endpoint.address()).toBeUndefined();
  });

  test('closing the endpoint closes its open connections', async () => {
    const { endpoint, port } = await serve();
    const idle = connect(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    const closed = once(idle, 'close');
    await endpoint.close();
    await closed;
    await expect(request(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('scrapes do not inherit the context in which the port was opened', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const key = createContextKey('what was going on');
    const seen: unknown[] = [];
    const { provider, port } = await context.with(context.active().setValue(key, 'start-up'), () => serve());
    provider
      .getMeter('app')
      .createObservableGauge('g')
      .addCallback(() => void seen.push(context.active().getValue(key)));
    await request(port);
    context.disable();
    expect(seen).toEqual([undefined]);
  });
});

test('1,000 slow connections do not block the application, and the scraper succeeds after they time out', async () => {
  const app = http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const { port: appPort } = app.address() as net.AddressInfo;
  let server: http.Server | undefined;
  const { port } = await serve({
    markAsOwn: (each) => {
      server = each;
    },
  });
  const held = (): Promise<number> =>
    new Promise((resolve) => server?.getConnections((_, count) => resolve(count)));

  const bytes = [
    '',
    'GET /met',
    'GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ',
    'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n',
  ];
  const slow = Array.from({ length: 1_000 }, (_, i) => connect(port, bytes[i % bytes.length]));
  await Promise.all(slow.map((socket) => once(socket, 'connect')));
  for (let i = 0; i < 20; i += 1) {
    expect((await request(appPort, { path: '/' })).body.toString()).toBe('ok');
    expect(await held()).toBeLessThanOrEqual(100);
  }
  await vi.waitUntil(async () => (await held()) === 0, { timeout: 15_000, interval: 100 });
  expect((await request(port)).status).toBe(200);
  app.closeAllConnections();
  app.close();
});

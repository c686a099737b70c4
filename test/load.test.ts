/** A thousand mixed requests: RED counts each of them exactly, and the spans are exactly the sampled ones. */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startApp } from './support/app.js';
import { type Collector, startCollector } from './support/collector.js';
import { labelsOf, textOf } from './support/labels.js';
import { type Sample, scrape, total } from './support/metrics.js';

const REQUESTS = 1_000;
const CONCURRENCY = 20;
const RATIO = 0.1;
const SERVER = 'http_server_request_duration_seconds';
const CLIENT = 'http_client_request_duration_seconds';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

interface Kind {
  method: string;
  path: string;
  /** How many server calls of the application it makes, and how many client calls. */
  served: number;
  asked: number;
  /** When the client leaves: before the answer, or in the middle of it. */
  leaves?: 'before' | 'during';
}

const KINDS: Kind[] = [
  { method: 'GET', path: '/', served: 1, asked: 0 },
  { method: 'GET', path: '/orders/7', served: 1, asked: 0 },
  { method: 'GET', path: '/proxy/7', served: 2, asked: 1 },
  { method: 'HEAD', path: '/orders/8', served: 1, asked: 0 },
  { method: 'GET', path: '/nothing/here', served: 1, asked: 0 },
  { method: 'GET', path: '/fail', served: 1, asked: 0 },
  { method: 'GET', path: '/private/cellar', served: 1, asked: 0 },
  { method: 'PROPFIND', path: '/', served: 1, asked: 0 },
  { method: 'GET', path: '/slow', served: 1, asked: 0, leaves: 'before' },
  { method: 'GET', path: '/stream', served: 1, asked: 0, leaves: 'during' },
];

test.each([
  ['always_on', () => true],
  ['always_off', () => false],
  ['traceidratio', isInRatio],
])('%s', async (sampler, isSampled) => {
  const port = await freePort();
  const app = await startApp('orders/app.cjs', {
    env: {
      OTEL_SERVICE_NAME: sampler,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: String(RATIO),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    },
  });
  const sent = Array.from({ length: REQUESTS }, (_, index) => ({
    kind: KINDS[index % KINDS.length] as Kind,
    traceId: randomBytes(16).toString('hex'),
  }));
  const served = sum(sent.map(({ kind }) => kind.served));
  const asked = sum(sent.map(({ kind }) => kind.asked));
  const sampled = sum(sent.map(({ kind, traceId }) => (isSampled(traceId) ? kind.served + kind.asked : 0)));

  const queue = [...sent];
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await send(app.url, next.kind, next.traceId);
    }),
  );

  let samples: Sample[] = [];
  await expect
    .poll(async () => {
      samples = await scrape(port);
      return total(samples, `${SERVER}_count`);
    })
    .toBeGreaterThanOrEqual(served);
  expect(total(samples, `${SERVER}_count`)).toBe(served);
  expect(total(samples, `${CLIENT}_count`)).toBe(asked);
  expect(total(samples, `${SERVER}_bucket`, { le: '+Inf' })).toBe(served);

  app.signal('SIGTERM');
  expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
  const spans = collector.spans.filter(({ resource }) => resource['service.name'] === sampler);
  expect(spans).toHaveLength(sampled);

  const series = countBy(
    samples.filter(({ name }) => name === `${SERVER}_count` || name === `${CLIENT}_count`),
    ({ labels: { service_name: _, ...labels } }) => textOf(labels),
    ({ value }) => value,
  );
  const spanned = countBy(spans, seriesOf, () => 1);
  if (sampler === 'always_on') expect(spanned).toEqual(series);
  else expect([...series.keys()]).toEqual(expect.arrayContaining([...spanned.keys()]));
});

function isInRatio(traceId: string): boolean {
  return new TraceIdRatioBasedSampler(RATIO).shouldSample(ROOT_CONTEXT, traceId).decision > 0;
}

/** Sends one request and waits for its end, or leaves when its kind says so. */
async function send(url: string, { method, path, leaves }: Kind, traceId: string): Promise<void> {
  const request = http.request(url + path, {
    method,
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  });
  const closed = new Promise((resolve) => request.on('error', () => {}).on('close', resolve));
  request.on('response', (response) => {
    response.on('error', () => {});
    if (leaves === 'during') response.once('data', () => request.destroy());
    else response.resume();
  });
  request.end();
  if (leaves === 'before') {
    await new Promise((resolve) => request.once('finish', resolve));
    await delay(100);
    request.destroy();
  }
  await closed;
}

/** The labels, as Prometheus spells them, that the series of a span must have. */
function seriesOf({ kind, attributes }: Collector['spans'][number]): string {
  const labels = labelsOf(kind === 'SERVER' ? 'server' : 'client', attributes);
  return textOf(
    Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [name.replaceAll('.', '_'), String(value)]),
    ),
  );
}

function countBy<T>(items: T[], key: (item: T) => string, count: (item: T) => number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + count(item));
  return new Map([...counts].sort());
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

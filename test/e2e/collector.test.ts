/** The real Collector writes what was served: each request of the client is one trace and counts once. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type App, startApp } from '../support/app.js';
import { type Certificate, createCertificate } from '../support/certificate.js';
import {
  attributesOf,
  buildOtelCollector,
  canBuildOtelCollector,
  type ExportedSpan,
  type OtelCollector,
  startOtelCollector,
} from '../support/otel-collector.js';

const BUILD_TIMEOUT_MS = 600_000;
const ROUNDS = 10;
/** Longer than the requests of all rounds take on a busy machine. */
const EXPORT_INTERVAL_MS = 3_000;
const DELIVERY = { timeout: 20_000, interval: 50 };
const SERVER = 2;
const CLIENT = 3;
const DELTA = 1;
const CUMULATIVE = 2;
const HISTOGRAM = 'http.server.request.duration';
const TOKEN = 's3cret';

/** What the client asks for, and what it is known by. `/proxy/:id` makes the service call itself. */
const REQUESTS = [
  { method: 'GET', path: '/', route: '/', status: 200 },
  { method: 'GET', path: '/orders/7', route: '/orders/:id', status: 200 },
  { method: 'POST', path: '/orders', route: '/orders', status: 201 },
  { method: 'GET', path: '/proxy/8', route: '/proxy/:id', status: 200, calls: '/orders/:id' },
  { method: 'GET', path: '/private/cellar', route: '/private/:area', status: 401 },
  { method: 'GET', path: '/fail', route: '/fail', status: 500 },
  { method: 'GET', path: '/nothing', route: undefined, status: 404 },
];

/** What the client remembers of a request. */
interface Sent {
  readonly request: (typeof REQUESTS)[number];
  readonly traceId: string;
  readonly spanId: string;
}

const SECURE = { isSecure: true, compression: 'gzip', temporality: 'delta' };
const PLAIN = { isSecure: false, compression: 'none', temporality: 'cumulative' };
const WAYS = [
  { ...PLAIN, protocol: 'grpc' },
  { ...SECURE, protocol: 'grpc' },
  { ...PLAIN, protocol: 'http/protobuf' },
  { ...SECURE, protocol: 'http/protobuf' },
];

describe.runIf(canBuildOtelCollector())('the OpenTelemetry Collector', () => {
  let folder: string;
  let binary: string;
  let server: Certificate;
  let client: Certificate;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'redhook-otel-collector-'));
    binary = join(folder, 'otel-collector');
    await buildOtelCollector(binary);
    server = createCertificate();
    client = createCertificate();
  }, BUILD_TIMEOUT_MS);

  afterAll(() => {
    for (const certificate of [server, client]) certificate?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(isSecure: boolean): Promise<OtelCollector> {
    const tls = { key: server.keyFile, cert: server.certFile, clientCa: client.certFile };
    const collector = await startOtelCollector(binary, isSecure ? { tls, token: TOKEN } : {});
    onTestFinished(() => collector.stop());
    return collector;
  }

  async function startOrders(
    collector: OtelCollector,
    { protocol, isSecure, compression, temporality }: (typeof WAYS)[number],
    token = TOKEN,
  ): Promise<App> {
    const app = await startApp('orders/app.cjs', {
      env: {
        OTEL_SERVICE_NAME: 'orders',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_METRIC_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
        OTEL_BSP_SCHEDULE_DELAY: String(EXPORT_INTERVAL_MS),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? collector.grpcUrl : collector.httpUrl,
        OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: temporality,
        ...(isSecure && {
          OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${token}`,
          OTEL_EXPORTER_OTLP_CERTIFICATE: server.certFile,
          OTEL_EXPORTER_OTLP_CLIENT_KEY: client.keyFile,
          OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: client.certFile,
        }),
      },
    });
    onTestFinished(() => app.stop());
    return app;
  }

  test.each(WAYS)('$protocol, secure: $isSecure, $compression, $temporality', async (way) => {
    const collector = await start(way.isSecure);
    const app = await startOrders(collector, way);

    const sent = await drive(app.url);
    // What follows leaves with the flush at exit. No export is in flight then, which would be sent again.
    await vi.waitUntil(() => spansOf(collector).length === expectedSpans(sent), DELIVERY);
    await vi.waitUntil(() => pointsOf(collector, way.temporality).counts.size > 0, DELIVERY);
    sent.push(...(await drive(app.url)));
    app.signal('SIGTERM');
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(app.stderr().trim().split('\n')).toEqual([expect.stringMatching(/^redhook \d.*service=orders/)]);

    await vi.waitUntil(() => spansOf(collector).length >= expectedSpans(sent), DELIVERY);
    const spans = spansOf(collector);
    expect(spans).toHaveLength(expectedSpans(sent));
    for (const each of sent) expectTrace(spans, each);

    const expected = countsOf(sent);
    await expect.poll(() => pointsOf(collector, way.temporality).counts, DELIVERY).toEqual(expected);
    const { exemplars, types } = pointsOf(collector, way.temporality);
    expect(types).toEqual(new Set([way.temporality === 'delta' ? DELTA : CUMULATIVE]));
    expect(exemplars.length).toBeGreaterThanOrEqual(expected.size);
    const bySpanId = new Map(spans.map((span) => [span.spanId, span]));
    for (const { series, traceId, spanId, value } of exemplars) {
      const span = bySpanId.get(spanId);
      expect(span).toMatchObject({ traceId, kind: SERVER });
      expect(seriesOf(attributesOf(span?.attributes ?? []))).toBe(series);
      expect(value).toBeCloseTo(secondsOf(span as ExportedSpan), 6);
    }
  });

  test('a wrong token is reported, and the application serves on', async () => {
    const collector = await start(true);
    const app = await startOrders(collector, { ...SECURE, protocol: 'grpc' }, 'wrong');

    await drive(app.url);
    await expect.poll(() => app.stderr(), DELIVERY).toMatch(/UNAUTHENTICATED|unauthenticated/i);
    await drive(app.url);
    app.signal('SIGTERM');

    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(app.stderr()).not.toContain('wrong');
    expect([collector.traces(), collector.metrics()]).toEqual([[], []]);
  });
});

/** Every request, several times, each in a trace of its own. */
async function drive(url: string): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const request of REQUESTS) {
      const { method, path, status } = request;
      const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
      const response = await fetch(url + path, {
        method,
        headers: { traceparent: `00-${traceId}-${spanId}-01` },
      });
      await response.text();
      expect(response.status).toBe(status);
      sent.push({ request, traceId, spanId });
    }
  }
  return sent;
}

function expectedSpans(sent: readonly Sent[]): number {
  return sent.reduce((total, { request }) => total + (request.calls === undefined ? 1 : 3), 0);
}

/** The calls of the service by their series, as the client knows them. */
function countsOf(sent: readonly Sent[]): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { request } of sent) {
    count(textOf(request.method, request.route, request.status));
    if (request.calls !== undefined) count(textOf('GET', request.calls, 200));
  }
  return counts;
}

function expectTrace(spans: readonly ExportedSpan[], { request, traceId, spanId }: Sent): void {
  const trace = spans.filter((span) => span.traceId === traceId);
  const expectServer = (parent: string | undefined, route: string | undefined, status: number) => {
    const span = trace.find((each) => each.parentSpanId === parent);
    expect(span).toMatchObject({
      name: route === undefined ? request.method : `${request.method} ${route}`,
      kind: SERVER,
      status: status >= 500 ? { code: 2 } : {},
    });
    expect(seriesOf(attributesOf(span?.attributes ?? []))).toBe(textOf(request.method, route, status));
    return span?.spanId;
  };
  const own = expectServer(spanId, request.route, request.status);
  if (request.calls === undefined) {
    expect(trace).toHaveLength(1);
    return;
  }
  const call = trace.find((each) => each.parentSpanId === own);
  expect(call).toMatchObject({ name: 'GET', kind: CLIENT });
  expectServer(call?.spanId, request.calls, 200);
  expect(trace).toHaveLength(3);
}

function spansOf(collector: OtelCollector): ExportedSpan[] {
  return collector
    .traces()
    .flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ resource, scopeSpans }) => {
      expect(attributesOf(resource.attributes)).toMatchObject({ 'service.name': 'orders' });
      return scopeSpans.flatMap(({ spans }) => spans);
    });
}

/** The counts of the series, added up if they are those of intervals, and the exemplars with their series. */
function pointsOf(collector: OtelCollector, temporality: string) {
  const counts = new Map<string, number>();
  const ends = new Map<string, bigint>();
  const types = new Set<number>();
  const exemplars: { series: string; traceId: string; spanId: string; value: number }[] = [];
  for (const { name, histogram } of collector
    .metrics()
    .flatMap(({ resourceMetrics }) => resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)) {
    if (name !== HISTOGRAM || histogram === undefined) continue;
    types.add(histogram.aggregationTemporality);
    for (const point of histogram.dataPoints) {
      const series = seriesOf(attributesOf(point.attributes));
      const before = temporality === 'delta' ? (counts.get(series) ?? 0) : 0;
      if (temporality === 'delta')
        expect(BigInt(point.startTimeUnixNano)).toBeGreaterThanOrEqual(ends.get(series) ?? 0n);
      ends.set(series, BigInt(point.timeUnixNano));
      counts.set(series, before + Number(point.count));
      expect(point.bucketCounts).toHaveLength(point.explicitBounds.length + 1);
      expect(point.bucketCounts.reduce((total, each) => total + Number(each), 0)).toBe(Number(point.count));
      for (const { traceId, spanId, asDouble } of point.exemplars ?? [])
        exemplars.push({ series, traceId, spanId, value: asDouble });
    }
  }
  return { counts, types, exemplars };
}

function seriesOf(attributes: Record<string, string | number | undefined>): string {
  return textOf(
    attributes['http.request.method'],
    attributes['http.route'],
    attributes['http.response.status_code'],
  );
}

function textOf(method: unknown, route: unknown, status: unknown): string {
  return `${method} ${route} ${status}`;
}

function secondsOf({ startTimeUnixNano, endTimeUnixNano }: ExportedSpan): number {
  return Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e9;
}

import { TraceFlags } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { DURATION_BOUNDARIES } from '../../../src/semconv/convention.js';
import { createRed, type Red, type RedOptions } from '../../../src/telemetry/metrics/red.js';
import type { CallDataPoint } from '../../../src/telemetry/metrics/series.js';
import { SCOPE } from '../../../src/telemetry/scope.js';
import { type CallSpec, callsInto, startSdk } from '../../support/sdk-metrics.js';

const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const SAMPLED = { ...SPAN, traceFlags: TraceFlags.SAMPLED };
const UNSAMPLED = { ...SPAN, traceFlags: TraceFlags.NONE };

function start(options: Partial<RedOptions> = {}): { red: Red; call: (spec?: CallSpec) => void } {
  const red = createRed({ maxRoutes: 500, maxSeries: 2_000, exemplars: 'trace_based', ...options });
  return { red, call: callsInto(red) };
}

function metric(red: Red, name: string): MetricData | undefined {
  return red.metrics().find(({ descriptor }) => descriptor.name === name);
}

function points(red: Red, name = 'http.server.request.duration'): CallDataPoint[] {
  return (metric(red, name)?.dataPoints ?? []) as CallDataPoint[];
}

function overflowed(red: Red): Record<string, unknown> {
  const found = metric(red, 'redhook.red.overflow')?.dataPoints ?? [];
  return Object.fromEntries(found.map(({ attributes, value }) => [attributes['reason'], value]));
}

test('each call is one observation in the series of its labels, and labels without a value are absent', () => {
  const { red, call } = start();
  call({ route: '/orders/:id', code: 200, attributes: { 'url.path': '/orders/7' }, duration: 0.03 });
  call({ route: '/orders/:id', code: 200, attributes: { 'url.path': '/orders/8' }, duration: 0.5 });
  call({ code: 503, duration: 11 });

  const [hits, failures, ...others] = points(red);

  expect(others).toEqual([]);
  expect(hits?.attributes).toEqual({
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'http.route': '/orders/:id',
    'http.response.status_code': 200,
    'network.protocol.version': '1.1',
  });
  expect(hits?.value).toEqual({
    buckets: {
      boundaries: [...DURATION_BOUNDARIES],
      counts: [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    },
    sum: 0.53,
    count: 2,
  });
  expect(failures?.attributes).not.toHaveProperty(['http.route']);
  expect(failures?.attributes['error.type']).toBe('503');
  expect(failures?.value.buckets.counts.at(-1)).toBe(1);
});

test('a boundary belongs to the bucket below it, as in the SDK', () => {
  const { red, call } = start();
  for (const duration of [0, 0.005, 0.0050001, 10, 10.1]) call({ duration });
  const counts = points(red)[0]?.value.buckets.counts;
  expect([counts?.[0], counts?.[1], counts?.[13], counts?.[14]]).toEqual([2, 1, 1, 1]);
});

test('a histogram of the SDK has the same numbers for the same observations', async () => {
  const sdk = startSdk();
  const histogram = sdk.provider
    .getMeter('oracle')
    .createHistogram('h', { unit: 's', advice: { explicitBucketBoundaries: [...DURATION_BOUNDARIES] } });
  const { red, call } = start();
  for (let i = 0; i < 500; i += 1) {
    const duration = (i * i) / 20_000;
    histogram.record(duration);
    call({ duration });
  }
  const expected = (await sdk.read()).scopeMetrics[0]?.metrics[0];

  expect(expected?.dataPoints[0]?.value).toMatchObject(points(red)[0]?.value ?? {});
  expect(points(red)[0]?.value.count).toBe(500);
});

test('metrics have the shape of the SDK, under our scope, and are cumulative since the start', async () => {
  const { red, call } = start();
  call();
  const first = points(red)[0];
  call();
  const { resourceMetrics, errors } = await red.producer.collect();

  expect(errors).toEqual([]);
  expect(resourceMetrics.scopeMetrics[0]?.scope).toBe(SCOPE);
  expect(resourceMetrics.scopeMetrics[0]?.metrics[0]).toEqual({
    descriptor: {
      name: 'http.server.request.duration',
      description: 'Duration of HTTP server requests.',
      unit: 's',
      valueType: 1,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: [expect.objectContaining({ startTime: first?.startTime, attributes: first?.attributes })],
  });
  expect(first?.value.count).toBe(1);
  expect(points(red)[0]?.value.count).toBe(2);
  expect(points(red)[0]?.attributes).toBe(first?.attributes);
});

test('server and client calls have separate histograms', () => {
  const { red, call } = start();
  call();
  call({ kind: 'client', attributes: { 'server.address': 'db', 'server.port': 80 } });
  expect(points(red)).toHaveLength(1);
  expect(points(red, 'http.client.request.duration')[0]?.attributes).toMatchObject({
    'server.address': 'db',
    'server.port': 80,
  });
});

describe('exemplars', () => {
  const at = (duration: number, spanId: string, traceFlags: number = TraceFlags.SAMPLED): CallSpec => ({
    duration,
    span: { ...SPAN, spanId, traceFlags },
  });

  test('each bucket keeps the latest sampled call, and exemplars are in bucket order', () => {
    const { red, call } = start();
    const before = Date.now();
    call(at(0.3, '1'.repeat(16)));
    call(at(0.004, '2'.repeat(16)));
    call(at(0.4, '3'.repeat(16)));
    call(at(0.45, '4'.repeat(16), TraceFlags.NONE));

    const [point] = points(red);

    expect(point?.exemplars).toEqual([
      {
        bucket: 0,
        value: 0.004,
        traceId: SPAN.traceId,
        spanId: '2'.repeat(16),
        timestamp: expect.any(Number),
      },
      { bucket: 7, value: 0.4, traceId: SPAN.traceId, spanId: '3'.repeat(16), timestamp: expect.any(Number) },
    ]);
    expect(point?.exemplars[0]?.timestamp).toBeGreaterThanOrEqual(before);
    expect(point?.value.count).toBe(4);
  });

  test('data points that were read do not change with later calls', () => {
    const { red, call } = start();
    call(at(0.3, '1'.repeat(16)));
    const [point] = points(red);
    call(at(0.3, '2'.repeat(16)));
    expect(point?.exemplars[0]?.spanId).toBe('1'.repeat(16));
  });

  test.each([
    ['always_off', [0, 0, 0, 0]],
    ['trace_based', [1, 0, 0, 0]],
    ['always_on', [1, 1, 0, 0]],
  ] as const)('%s selects the right calls', (exemplars, expected) => {
    const invalid = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: TraceFlags.NONE };
    const found = [SAMPLED, UNSAMPLED, invalid, undefined].map((span) => {
      const { red, call } = start({ exemplars });
      call(span === undefined ? {} : { span });
      return points(red)[0]?.exemplars.length;
    });
    expect(found).toEqual(expected);
  });
});

describe('limits', () => {
  test('routes beyond the limit share the overflow series, and known routes are still counted', () => {
    const { red, call } = start({ maxRoutes: 2 });
    for (const route of ['/a', '/b', '/c', '/d', '/a']) call({ route, code: 200 });
    call({ route: '/a', code: 404 });
    call({ code: 404 });

    expect(points(red).map(({ attributes, value }) => [attributes['http.route'], value.count])).toEqual([
      ['/a', 2],
      ['/b', 1],
      [undefined, 2],
      ['/a', 1],
      [undefined, 1],
    ]);
    expect(points(red)[2]?.attributes).toEqual({ 'otel.metric.overflow': true });
    expect(overflowed(red)).toEqual({ route: 2, series: 0 });
  });

  test('series beyond the limit share the overflow series of their histogram', () => {
    const { red, call } = start({ maxSeries: 2 });
    for (const code of [200, 201, 202, 203, 200]) call({ code });

    expect(points(red).map(({ value }) => value.count)).toEqual([2, 1, 2]);
    expect(points(red)[2]?.attributes).toEqual({ 'otel.metric.overflow': true });
    expect(overflowed(red)).toEqual({ route: 0, series: 2 });
  });

  test('each histogram has its own limits: hosts that are called use up nothing of the own routes', () => {
    const { red, call } = start({ maxRoutes: 1, maxSeries: 2 });
    for (const host of ['a', 'b', 'c']) call({ kind: 'client', attributes: { 'server.address': host } });
    call({ route: '/orders/:id', code: 200 });
    call({ route: '/orders/:id', code: 500 });

    expect(points(red).map(({ attributes }) => attributes['http.response.status_code'])).toEqual([200, 500]);
    expect(points(red, 'http.client.request.duration').map(({ value }) => value.count)).toEqual([1, 1, 1]);
    expect(overflowed(red)).toEqual({ route: 0, series: 1 });
  });

  test('the overflow series takes no place of another one', () => {
    const { red, call } = start({ maxRoutes: 1, maxSeries: 2 });
    for (const route of ['/a', '/b']) call({ route, code: 200 });
    call({ route: '/a', code: 404 });

    expect(points(red).map(({ attributes }) => attributes['http.response.status_code'])).toEqual([
      200,
      undefined,
      404,
    ]);
  });

  test('a call that the series limit refuses does not use up a route', () => {
    const { red, call } = start({ maxRoutes: 1, maxSeries: 1 });
    call({ code: 200 });
    call({ route: '/refused' });
    expect(overflowed(red)).toEqual({ route: 0, series: 1 });
  });

  test('a flood of new routes, methods and codes is fully counted in a bounded number of series', () => {
    const { red, call } = start({ maxRoutes: 500, maxSeries: 1_000 });
    for (let i = 0; i < 20_000; i += 1) call({ method: `M${i}`, route: `/r${i}`, code: 200 + (i % 400) });
    for (let i = 0; i < 20_000; i += 1) call({ method: `M${i}`, code: 200 + (i % 4_000) });

    const found = points(red);
    expect(found).toHaveLength(1_001);
    expect(found.reduce((sum, { value }) => sum + value.count, 0)).toBe(40_000);
    const counted = overflowed(red);
    expect(Number(counted['route']) + Number(counted['series'])).toBe(
      found.find(({ attributes }) => 'otel.metric.overflow' in attributes)?.value.count,
    );
  });
});

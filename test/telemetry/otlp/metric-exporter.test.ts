import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OtlpMetricExporter } from '../../../src/config/config.js';
import { log } from '../../../src/log.js';
import { createMetricExporter } from '../../../src/telemetry/otlp/metric-exporter.js';
import { freePort } from '../../support/app.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { otlp } from '../../support/exporter.js';
import { decodeMetrics } from '../../support/otlp.js';
import { startSdk } from '../../support/sdk-metrics.js';

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await collector.close();
});

/** A meter provider that pushes only on `forceFlush`. */
function meterProvider(exporter: OtlpMetricExporter): MeterProvider {
  const reader = new PeriodicExportingMetricReader({
    exporter: createMetricExporter(exporter),
    exportIntervalMillis: 600_000,
    exportTimeoutMillis: 600_000,
  });
  return new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders' }),
    readers: [reader],
  });
}

const NOTHING: ResourceMetrics = { resource: resourceFromAttributes({}), scopeMetrics: [] };

function push(exporter: PushMetricExporter, metrics = NOTHING): Promise<ExportResult> {
  return new Promise((resolve) => exporter.export(metrics, resolve));
}

test.each(['grpc', 'http/protobuf'] as const)('pushes cumulative metrics over %s', async (protocol) => {
  const endpoint = protocol === 'grpc' ? collector.url : `${collector.httpUrl}/v1/metrics`;
  const provider = meterProvider(otlp(endpoint, { protocol }));
  const meter = provider.getMeter('test', '1.2.3');
  meter.createCounter('orders', { unit: '{order}' }).add(2, { paid: true });
  meter.createHistogram('latency', { unit: 's', advice: { explicitBucketBoundaries: [1, 2] } }).record(1.5);
  await provider.forceFlush();
  expect(collector.metrics).toMatchObject([
    {
      name: 'orders',
      unit: '{order}',
      type: 'sum',
      monotonic: true,
      temporality: 'cumulative',
      points: [{ attributes: { paid: true }, value: 2 }],
      resource: { 'service.name': 'orders' },
      scope: { name: 'test', version: '1.2.3' },
    },
    {
      name: 'latency',
      unit: 's',
      type: 'histogram',
      temporality: 'cumulative',
      points: [{ count: 1, sum: 1.5, bounds: [1, 2], bucketCounts: [0, 1, 0] }],
    },
  ]);
  await provider.shutdown();
});

test('retries a failed push within the timeout', async () => {
  collector.answer({ grpcStatus: 14 });
  const provider = meterProvider(otlp(collector.url, { timeoutMs: 5_000 }));
  provider.getMeter('test').createCounter('orders').add(1);
  const flushed = provider.forceFlush();
  await collector.waitForRequests(1);
  collector.answer({});
  await flushed;
  expect(collector.requests).toHaveLength(2);
  expect(collector.metrics).toHaveLength(1);
  await provider.shutdown();
});

test('logs once that the collector rejects a push, and what becomes of its values', async () => {
  const warn = vi.spyOn(log, 'warn');
  collector.answer({ grpcStatus: 3, grpcMessage: 'no such tenant' });
  const exporter = createMetricExporter(otlp(collector.url));
  for (let pushes = 0; pushes < 2; pushes += 1) await push(exporter);
  expect(warn.mock.calls).toEqual([
    [
      `metrics: ${collector.url} rejects data (INVALID_ARGUMENT: no such tenant); the next push carries the totals`,
    ],
  ]);
  await exporter.shutdown();
});

test('logs once that the endpoint is unreachable and reports the failure to the SDK', async () => {
  const change = vi.spyOn(log, 'change');
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const exporter = createMetricExporter(otlp(endpoint, { timeoutMs: 100 }));
  expect(await push(exporter)).toMatchObject({
    code: ExportResultCode.FAILED,
    error: { message: 'ECONNREFUSED' },
  });
  await push(exporter);
  expect(change.mock.calls).toEqual([
    ['warn', `metrics: cannot reach ${endpoint} (ECONNREFUSED); the next push carries the totals`],
  ]);
});

/** One counter with a series for each of `count` customers. */
async function seriesOf(count: number): Promise<ResourceMetrics> {
  const { provider, read } = startSdk([], {
    views: [{ instrumentName: '*', aggregationCardinalityLimit: 20_000 }],
  });
  const counter = provider.getMeter('test').createCounter('orders');
  for (let i = 0; i < count; i += 1) counter.add(i, { customer: i, note: 'x'.repeat(400) });
  return read();
}

function customers(): unknown[] {
  return collector.metrics.flatMap(({ points }) => points.map(({ attributes }) => attributes['customer']));
}

function countsOf(requests: readonly { readonly body: Buffer }[]): number[] {
  return requests.map(({ body }) => decodeMetrics(body).flatMap(({ points }) => points).length);
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

test('10,000 series arrive in requests of at most 1 MB, also at exit', async () => {
  const metrics = await seriesOf(10_000);
  const exporter = createMetricExporter(otlp(collector.url));
  expect(await push(exporter, metrics)).toEqual({ code: ExportResultCode.SUCCESS });
  expect(customers()).toEqual(numbers(10_000));
  const bodies = collector.requests.map(({ body }) => body);
  const atExit = exporter.requests(metrics);
  for (const sent of [bodies, atExit]) {
    expect(sent.length).toBeGreaterThan(4);
    expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(1_000_000);
  }
  expect(
    atExit.flatMap((body) => decodeMetrics(Buffer.from(body))).flatMap(({ points }) => points),
  ).toHaveLength(10_000);
  await exporter.shutdown();
});

test.each([
  ['RESOURCE_EXHAUSTED', { grpcStatus: 8, grpcMessage: 'larger than max' }],
  ['HTTP 413', { httpStatus: 413 }],
])('a receiver that refuses large requests with %s gets smaller ones', async (_, answer) => {
  collector.answer(({ body }) => (body.length > 200_000 ? answer : {}));
  const metrics = await seriesOf(1_000);
  const exporter = createMetricExporter(otlp(collector.url));
  expect(await push(exporter, metrics)).toEqual({ code: ExportResultCode.SUCCESS });
  expect(customers()).toEqual(numbers(1_000));
  const before = collector.requests.length;
  await push(exporter, metrics);
  expect(collector.metrics.flatMap(({ points }) => points)).toHaveLength(2_000);
  expect(collector.requests.slice(before).every(({ body }) => body.length <= 200_000)).toBe(true);
  await exporter.shutdown();
});

test('a point that the receiver refuses costs no other', async () => {
  const warn = vi.spyOn(log, 'warn');
  collector.answer(({ body }) => {
    const points = decodeMetrics(body).flatMap((metric) => metric.points);
    return points.some(({ attributes }) => attributes['customer'] === 77) ? { httpStatus: 400 } : {};
  });
  const exporter = createMetricExporter(otlp(collector.url));
  expect(await push(exporter, await seriesOf(200))).toMatchObject({ code: ExportResultCode.FAILED });
  expect(customers()).toEqual(numbers(200).filter((customer) => customer !== 77));
  expect(warn).toHaveBeenCalledTimes(1);
  await exporter.shutdown();
});

test('a receiver that refuses everything is not asked for every point', async () => {
  collector.answer({ grpcStatus: 3 });
  const exporter = createMetricExporter(otlp(collector.url));
  await push(exporter, await seriesOf(2_000));
  expect(collector.requests.length).toBeLessThan(30);
  await exporter.shutdown();
});

test('a receiver that is too slow for all points gets fewer at once', async () => {
  const counts: number[] = [];
  collector.answer((request) => {
    const [count = 0] = countsOf([request]);
    counts.push(count);
    return count > 60 ? { hang: true } : {};
  });
  const exporter = createMetricExporter(otlp(collector.url, { timeoutMs: 300 }));
  const metrics = await seriesOf(200);
  for (let pushes = 0; pushes < 3; pushes += 1) await push(exporter, metrics);
  expect(counts.slice(0, 3)).toEqual([200, 100, 50]);
  expect(customers()).toEqual(expect.arrayContaining(numbers(50)));
  await exporter.shutdown();
});

test('a push that takes longer than the interval is finished, and of those after it only the newest is made', async () => {
  collector.answer({ delayMs: 30 });
  const exporter = createMetricExporter(otlp(collector.url));
  const all = await Promise.all([10_000, 100, 200].map(seriesOf));
  const codes = (await Promise.all(all.map((each) => push(exporter, each)))).map(({ code }) => code);
  const { SUCCESS, FAILED } = ExportResultCode;
  expect(codes).toEqual([SUCCESS, FAILED, SUCCESS]);
  expect(customers()).toEqual([...numbers(10_000), ...numbers(200)]);
  await exporter.shutdown();
});

test('logs once that the receiver has rejected points of a push, and a warning of it', async () => {
  const warn = vi.spyOn(log, 'warn');
  const exporter = createMetricExporter(otlp(collector.url));
  for (const answer of [{ message: 'use gzip' }, { rejected: 3, message: 'too old' }]) {
    collector.answer(answer);
    await push(exporter);
  }
  expect(warn.mock.calls).toEqual([
    [`metrics: ${collector.url} accepts the data with a warning: use gzip`],
    [`metrics: ${collector.url} rejects data (too old); the next push carries the totals`],
  ]);
  await exporter.shutdown();
});

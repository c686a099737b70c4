import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OtlpExporter } from '../../../src/config/config.js';
import { log } from '../../../src/log.js';
import { createMetricExporter } from '../../../src/telemetry/otlp/metric-exporter.js';
import { freePort } from '../../support/app.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { otlp } from '../../support/exporter.js';

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await collector.close();
});

/** A meter provider that pushes only on `forceFlush`. */
function meterProvider(exporter: OtlpExporter): MeterProvider {
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

function push(exporter: PushMetricExporter): Promise<ExportResult> {
  return new Promise((resolve) => {
    exporter.export({ resource: resourceFromAttributes({}), scopeMetrics: [] }, resolve);
  });
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

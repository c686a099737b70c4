/** What the user reads when metrics cannot be pushed, and when an SDK reports an exception. */
import { diag } from '@opentelemetry/api';
import { globalErrorHandler, loggingErrorHandler } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log } from '../../src/log.js';
import { adoptDiagnostics } from '../../src/telemetry/diag.js';
import { createMetricExporter } from '../../src/telemetry/otlp/metric-exporter.js';
import { freePort } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { otlp } from '../support/exporter.js';

let lines: string[];
beforeEach(() => {
  lines = [];
  for (const level of ['error', 'warn', 'info'] as const)
    vi.spyOn(log, level).mockImplementation((line) => void lines.push(`${level} ${line}`));
  vi.spyOn(log, 'change').mockImplementation((level, line) => void lines.push(`${level} ${line}`));
  adoptDiagnostics();
});
afterEach(() => {
  vi.restoreAllMocks();
  diag.disable();
});

async function pushTo(endpoint: string, timeoutMs: number, exportTimeoutMillis = 10_000): Promise<void> {
  const reader = new PeriodicExportingMetricReader({
    exporter: createMetricExporter(otlp(endpoint, { timeoutMs })),
    exportIntervalMillis: 600_000,
    exportTimeoutMillis,
  });
  const provider = new MeterProvider({ resource: resourceFromAttributes({}), readers: [reader] });
  provider.getMeter('test').createCounter('orders').add(1);
  await provider.forceFlush();
  await provider.shutdown();
}

test('a failed push of metrics is one plain line', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  await pushTo(endpoint, 500);
  expect(lines).toEqual([
    `warn metrics: cannot reach ${endpoint} (ECONNREFUSED); the next push carries the totals`,
  ]);
});

test('a push that the collector rejects is one plain line', async () => {
  const collector = await startCollector();
  collector.answer({ grpcStatus: 16 });
  await pushTo(collector.url, 5_000);
  await collector.close();
  expect(lines).toEqual([
    `warn metrics: ${collector.url} rejects data (UNAUTHENTICATED); the next push carries the totals`,
  ]);
});

test('a push without an answer is one plain line', async () => {
  const collector = await startCollector();
  collector.answer({ hang: true });
  await pushTo(collector.url, 100, 90);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  await collector.close();
  expect(lines).toEqual([
    `warn metrics: cannot reach ${collector.url} (no answer in 100 ms); the next push carries the totals`,
  ]);
});

test('an exception that the SDK reports is its message, without its stack', () => {
  globalErrorHandler(new Error('broken\nresource'));
  expect(lines).toEqual(['error broken resource']);
});

test('an exception that another SDK reports is its message, without its stack', () => {
  loggingErrorHandler()(new Error('broken exporter'));
  diag.error('{"not": "an exception"}');
  diag.error('{broken');
  expect(lines).toEqual(['error broken exporter', 'error {"not": "an exception"}', 'error {broken']);
});

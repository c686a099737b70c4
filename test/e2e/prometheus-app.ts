/**
 * An application in which only the endpoint lives on: it prints the URL of the endpoint, works for a moment and ends.
 * PORT: the port. WORK_MS: how long it works. HANG: collections never end. SERIES: how many series it has.
 */
import cluster from 'node:cluster';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { createInternalMetrics } from '../../src/telemetry/metrics/internal.js';
import { createPrometheusEndpoint } from '../../src/telemetry/prometheus/endpoint.js';
import { PrometheusReader } from '../../src/telemetry/prometheus/reader.js';
import { ORDERS_PAGE } from '../support/prometheus-page.js';

const { PORT, WORK_MS, HANG, SERIES } = process.env;

const never: MetricProducer = { collect: () => new Promise(() => {}) };

function work(): void {
  const reader = new PrometheusReader({
    metricProducers: HANG === undefined ? [] : [never],
    cardinalitySelector: () => 1_000_000,
  });
  const endpoint = createPrometheusEndpoint({
    host: '127.0.0.1',
    port: Number(PORT),
    path: '/metrics',
    ...ORDERS_PAGE,
    collect: (options) => reader.collect(options),
    internal: createInternalMetrics(),
    markAsOwn: () => {},
  });
  const resource = resourceFromAttributes({ 'service.name': 'orders' });
  const counter = new MeterProvider({ resource, readers: [reader] }).getMeter('app').createCounter('c');
  for (let i = 0; i < Number(SERIES ?? 0); i += 1) counter.add(1, { i });
  endpoint.listen();
  const report = setInterval(() => {
    const address = endpoint.address();
    if (address === undefined) return;
    clearInterval(report);
    console.log(`listening http://127.0.0.1:${address.port}`);
  }, 5);
  setTimeout(() => clearInterval(report), Number(WORK_MS));
}

if (cluster.isPrimary && process.argv[2] === 'cluster') {
  for (let i = 0; i < 2; i += 1) cluster.fork();
} else {
  work();
  // The channel to the primary would keep a worker alive forever.
  if (cluster.isWorker) setTimeout(() => process.exit(), Number(WORK_MS));
}

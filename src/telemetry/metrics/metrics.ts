import type { Resource } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { markAsOwn } from '../../calls/own-traffic.js';
import type { MetricsConfig } from '../../config/config.js';
import { log, reason } from '../../log.js';
import { encodeMetrics } from '../otlp/encoding/encode-metrics.js';
import type { PendingRequest } from '../otlp/flush.js';
import { createMetricExporter } from '../otlp/metric-exporter.js';
import { createPrometheusEndpoint } from '../prometheus/endpoint.js';
import { SCOPE } from '../scope.js';
import { collectNow } from './collect-now.js';
import type { InternalMetrics } from './internal.js';
import type { Red } from './red.js';
import type { ScrapedPages } from './scraped-pages.js';

export interface Metrics {
  readonly provider: MeterProvider;
  /** Opens the endpoints, if they are not open yet. */
  serve(): void;
  /**
   * Requests that carry the last values of RED, of Redhook's health and of the application's instruments, to be sent
   * when the process ends.
   */
  pendingRequests(): PendingRequest[];
}

interface MetricSources {
  readonly resource: Resource;
  readonly serviceName: string;
  readonly red: Red;
  readonly internal: InternalMetrics;
  readonly scrapedPages: ScrapedPages;
}

/** Creates the readers. Each reads RED, Redhook's own health, the scraped pages and the application's instruments. */
export function startMetrics(
  { exporters, exportIntervalMs }: MetricsConfig,
  { resource, serviceName, red, internal, scrapedPages }: MetricSources,
): Metrics {
  const metricProducers = [red.producer, internal.producer, scrapedPages.producer];
  const endpoints = exporters
    .filter((each) => each.type === 'prometheus')
    .map((each) => createPrometheusEndpoint({ ...each, serviceName, metricProducers, internal, markAsOwn }));
  const pushed = exporters.filter((each) => each.type === 'otlp');
  const readers: IMetricReader[] = endpoints.map(({ reader }) => reader);
  for (const exporter of pushed) {
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: createMetricExporter(exporter),
        exportIntervalMillis: exportIntervalMs,
        exportTimeoutMillis: Math.min(exporter.timeoutMs, exportIntervalMs),
        metricProducers,
      }),
    );
  }
  const provider = new MeterProvider({ resource, readers });

  function ownInstruments(reader: number): ScopeMetrics[] {
    try {
      return collectNow(provider, reader);
    } catch (error) {
      log.warn(`the last values of the application's own instruments are lost: ${reason(error)}`);
      return [];
    }
  }

  return {
    provider,
    serve() {
      for (const endpoint of endpoints) endpoint.listen();
    },
    pendingRequests() {
      const ours = { scope: SCOPE, metrics: [...red.metrics(), ...internal.metrics()] };
      return pushed.map((exporter, i): PendingRequest => {
        const scopeMetrics = [...ownInstruments(endpoints.length + i), ours];
        return { exporter, signal: 'metrics', body: encodeMetrics({ resource, scopeMetrics }) };
      });
    },
  };
}

import type { Resource } from '@opentelemetry/resources';
import {
  type CollectionResult,
  MeterProvider,
  type MetricCollectOptions,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import type { MetricsConfig } from '../../config/config.js';
import { log, reason } from '../../log.js';
import type { PendingRequest } from '../otlp/flush.js';
import { createMetricExporter } from '../otlp/metric-exporter.js';
import { PrometheusReader } from '../prometheus/reader.js';
import { cardinalitySelector, sdkCardinalityLimits } from './cardinality.js';
import { collectNow } from './collect-now.js';
import { startRuntimeMetrics } from './runtime.js';
import { sdkView } from './sdk-views.js';

/** The SDK with its readers: one for all scrapers, and one for each receiver of pushed metrics. */
export interface MetricsSdk {
  /** For the application's own instruments. */
  readonly provider: MeterProvider;
  /** Reads everything for a scrape. */
  collect(options: MetricCollectOptions): Promise<CollectionResult>;
  /** The application's instruments, as a scraper would read them without waiting for their callbacks. */
  current(): ScopeMetrics[];
  startRuntimeMetrics(): void;
  /** Requests with `ours` and the last values of the application's instruments, for each receiver. */
  pendingRequests(ours: ScopeMetrics): PendingRequest[];
}

export interface MetricsSdkOptions {
  readonly resource: Resource;
  readonly config: MetricsConfig;
  /** What each reader reads in addition to the application's instruments. */
  readonly metricProducers: MetricProducer[];
}

/** A chunk of its own: the SDK is a third of what Redhook would load otherwise. */
export function openMetricsSdk({ resource, config, metricProducers }: MetricsSdkOptions): MetricsSdk {
  const pushed = config.exporters
    .filter((each) => each.type === 'otlp')
    .map((exporter) => ({ exporter, pusher: createMetricExporter(exporter) }));
  const page = config.exporters.find((each) => each.type === 'prometheus');
  const scraped = new PrometheusReader({
    metricProducers,
    ...(page?.cardinalityLimits && { cardinalitySelector: cardinalitySelector(page.cardinalityLimits) }),
  });
  const provider = new MeterProvider({
    resource,
    views: config.views?.map(sdkView) ?? [],
    readers: [
      scraped,
      ...pushed.map(
        ({ exporter, pusher }) =>
          new PeriodicExportingMetricReader({
            exporter: pusher,
            exportIntervalMillis: exporter.intervalMs,
            exportTimeoutMillis: Math.min(exporter.timeoutMs, exporter.intervalMs),
            metricProducers,
            ...(exporter.cardinalityLimits && {
              cardinalityLimits: sdkCardinalityLimits(exporter.cardinalityLimits),
            }),
          }),
      ),
    ],
  });

  function lastValues(position: number): ScopeMetrics[] {
    try {
      return collectNow(provider, position);
    } catch (error) {
      log.warn(`the last values of the application's own instruments are lost: ${reason(error)}`);
      return [];
    }
  }

  return {
    provider,
    collect: (options) => scraped.collect(options),
    current: () => lastValues(0),
    startRuntimeMetrics: () => startRuntimeMetrics(provider),
    pendingRequests: (ours) =>
      pushed.flatMap(({ exporter, pusher }, i) => {
        const bodies = pusher.requests({ resource, scopeMetrics: [...lastValues(1 + i), ours] });
        return bodies.map((body): PendingRequest => ({ exporter, signal: 'metrics', body }));
      }),
  };
}

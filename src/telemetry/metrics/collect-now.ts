import { millisToHrTime } from '@opentelemetry/core';
import type { MeterProvider, MetricData, ScopeMetrics } from '@opentelemetry/sdk-metrics';

/** What we use of the SDK's state. It has no public way to collect without waiting, and at exit nothing can wait. */
interface MeterState {
  readonly _instrumentationScope: ScopeMetrics['scope'];
  readonly metricStorageRegistry: { getStorages(collector: object): MetricStorage[] };
}

interface MetricStorage {
  collect(collector: object, time: ReturnType<typeof millisToHrTime>): MetricData | undefined;
}

/**
 * The application's instruments, as the reader at `position` of the provider would read them now. Callbacks are not
 * called, because they may be asynchronous: their instruments have the values of the last collection.
 */
export function collectNow(provider: MeterProvider, position: number): ScopeMetrics[] {
  const { meterSharedStates, metricCollectors } = provider['_sharedState'] as {
    readonly meterSharedStates: ReadonlyMap<string, MeterState>;
    readonly metricCollectors: readonly object[];
  };
  const collector = metricCollectors[position] as object;
  const now = millisToHrTime(Date.now());
  return Array.from(
    meterSharedStates.values(),
    ({ _instrumentationScope: scope, metricStorageRegistry }) => ({
      scope,
      metrics: metricStorageRegistry
        .getStorages(collector)
        .map((storage) => storage.collect(collector, now))
        .filter((metric) => metric !== undefined),
    }),
  ).filter(({ metrics }) => metrics.length > 0);
}

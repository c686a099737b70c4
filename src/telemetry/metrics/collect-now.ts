import { millisToHrTime } from '@opentelemetry/core';
import type { MeterProvider, MetricData, ScopeMetrics } from '@opentelemetry/sdk-metrics';

/** What we use of the SDK's state. It has no public way to collect without waiting, and at exit nothing can wait. */
interface MeterState {
  readonly _instrumentationScope: ScopeMetrics['scope'];
  readonly metricStorageRegistry: { getStorages(collector: object): MetricStorage[] };
  readonly observableRegistry: ObservableRegistry;
}

interface MetricStorage {
  collect(collector: object, time: Time): MetricData | undefined;
}

interface ObservableRegistry {
  readonly _callbacks: readonly { readonly callback: Callback; readonly instrument: Observable }[];
  readonly _batchCallbacks: readonly { readonly callback: Callback }[];
  _observeCallbacks(this: Pick<this, '_callbacks'>, time: Time): Promise<void>[];
  _observeBatchCallbacks(this: Pick<this, '_batchCallbacks'>, time: Time): Promise<void>[];
}

type Time = ReturnType<typeof millisToHrTime>;
type Callback = (result: { readonly _buffer: unknown }) => unknown;

interface Observable {
  readonly _metricStorages: readonly { record(measurements: unknown, time: Time): void }[];
}

/**
 * The application's instruments, as the reader at `position` of the provider would read them now. Callbacks are called,
 * but not waited for: of an asynchronous one counts what it observes at once, else the values of the last collection.
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
    ({ _instrumentationScope: scope, metricStorageRegistry, observableRegistry }) => {
      observe(observableRegistry, now);
      return {
        scope,
        metrics: metricStorageRegistry
          .getStorages(collector)
          .map((storage) => storage.collect(collector, now))
          .filter((metric) => metric !== undefined),
      };
    },
  ).filter(({ metrics }) => metrics.length > 0);
}

/** The SDK calls each callback at once, but records what it has observed only later. */
function observe(registry: ObservableRegistry, now: Time): void {
  const observed: [Observable, measurements: unknown][] = [];
  const alone = registry._callbacks.map(({ callback, instrument }) => ({
    instrument,
    callback: (result: Parameters<Callback>[0]) => {
      observed.push([instrument, result._buffer]);
      return callback(result);
    },
  }));
  const batches = registry._batchCallbacks.map((batch) => ({
    ...batch,
    callback: (result: Parameters<Callback>[0]) => {
      const returned = batch.callback(result);
      observed.push(...(result._buffer as Map<Observable, unknown>));
      return returned;
    },
  }));
  // Not awaited; what a callback throws must not become an unhandled rejection.
  void Promise.allSettled([
    ...registry._observeCallbacks.call({ _callbacks: alone }, now),
    ...registry._observeBatchCallbacks.call({ _batchCallbacks: batches }, now),
  ]);
  for (const [{ _metricStorages: storages }, measurements] of observed)
    for (const storage of storages) storage.record(measurements, now);
}

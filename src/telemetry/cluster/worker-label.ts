import type { Attributes } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type MetricData,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';

const WORKER = 'worker';

/** Gauges of several processes cannot be added up, so each says whose it is. */
export function labelled(scopes: readonly ScopeMetrics[], worker: string): ScopeMetrics[] {
  return scopes.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.map((metric) =>
      metric.dataPointType === DataPointType.GAUGE
        ? ({
            ...metric,
            dataPoints: metric.dataPoints.map((point) => withWorker(point, worker)),
          } as MetricData)
        : metric,
    ),
  }));
}

/** A label of the same name that the application has set is renamed, as Prometheus itself does it. */
function withWorker(point: DataPoint<unknown>, worker: string): DataPoint<unknown> {
  const { [WORKER]: own, ...others } = point.attributes;
  const attributes: Attributes = {
    [WORKER]: worker,
    ...(own !== undefined && { exported_worker: own }),
    ...others,
  };
  return { ...point, attributes };
}

import type { MetricData, ScopeMetrics } from '@opentelemetry/sdk-metrics';

export function countPoints(scopeMetrics: readonly ScopeMetrics[]): number {
  return scopeMetrics.reduce(
    (total, { metrics }) => total + metrics.reduce((sum, { dataPoints }) => sum + dataPoints.length, 0),
    0,
  );
}

/**
 * `count` of the data points, from the one at `start`. The points of a metric may be in several requests: each is a
 * series of its own.
 */
export function sliceMetrics(
  scopeMetrics: readonly ScopeMetrics[],
  start: number,
  count: number,
): ScopeMetrics[] {
  const slices: ScopeMetrics[] = [];
  let at = 0;
  for (const { scope, metrics } of scopeMetrics) {
    const inside: MetricData[] = [];
    for (const metric of metrics) {
      const dataPoints = metric.dataPoints.slice(Math.max(0, start - at), Math.max(0, start + count - at));
      at += metric.dataPoints.length;
      if (dataPoints.length > 0) inside.push({ ...metric, dataPoints } as MetricData);
    }
    if (inside.length > 0) slices.push({ scope, metrics: inside });
  }
  return slices;
}

import type { HrTime } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { CallDataPoint } from '../metrics/series.js';
import { SCOPE } from '../scope.js';

type Point = DataPoint<number> | DataPoint<Histogram>;

/** What was delivered last of one series. */
interface Delivered {
  readonly value: number | Histogram;
  readonly endTime: HrTime;
}

export interface DeltaMetrics {
  readonly metrics: ResourceMetrics;
  /** To be called when they have been delivered. Otherwise the next ones contain them. */
  delivered(): void;
}

/**
 * Turns the totals of Redhook's own metrics into what was added since the last delivery. Series to which nothing was added
 * are left out. The metrics of the application come from the SDK, which has turned them already.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality
 */
export function createDeltas(): (totals: ResourceMetrics) => DeltaMetrics {
  const last = new Map<string, Delivered>();
  return ({ resource, scopeMetrics }) => {
    const now = new Map<string, Delivered>();
    const deltaOf = (metric: MetricData): MetricData => {
      if (!isSum(metric)) return metric;
      const dataPoints = (metric.dataPoints as Point[]).flatMap((point) => {
        const key = `${metric.descriptor.name} ${JSON.stringify(point.attributes)}`;
        now.set(key, point);
        const before = last.get(key);
        const added = before === undefined ? point : since(point, before);
        return isEmpty(added.value) ? [] : [added];
      });
      return { ...metric, aggregationTemporality: AggregationTemporality.DELTA, dataPoints } as MetricData;
    };
    const turned = scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics:
        scope === SCOPE ? metrics.map(deltaOf).filter(({ dataPoints }) => dataPoints.length > 0) : metrics,
    }));
    return {
      metrics: { resource, scopeMetrics: turned },
      delivered() {
        for (const [key, value] of now) last.set(key, value);
      },
    };
  };
}

function isSum(metric: MetricData): boolean {
  return (
    metric.dataPointType === DataPointType.HISTOGRAM ||
    (metric.dataPointType === DataPointType.SUM && metric.isMonotonic)
  );
}

function since(point: Point, { value: before, endTime: startTime }: Delivered): Point {
  const { value } = point;
  if (typeof value === 'number') {
    // A total that has become smaller has begun anew.
    const added = value >= Number(before) ? value - Number(before) : value;
    return { ...point, startTime, value: added } as DataPoint<number>;
  }
  const past = before as Histogram;
  if (value.count < past.count) return { ...point, startTime } as DataPoint<Histogram>;
  const counts = value.buckets.counts.map((count, bucket) => count - (past.buckets.counts[bucket] ?? 0));
  const { exemplars = [] } = point as Partial<CallDataPoint>;
  const startedAt = hrTimeToMilliseconds(startTime);
  return {
    ...(point as DataPoint<Histogram>),
    startTime,
    value: {
      buckets: { boundaries: value.buckets.boundaries, counts },
      count: value.count - past.count,
      ...(value.sum !== undefined && { sum: value.sum - (past.sum ?? 0) }),
    },
    exemplars: exemplars.filter(({ timestamp }) => timestamp > startedAt),
  } as CallDataPoint;
}

function isEmpty(value: number | Histogram): boolean {
  return (typeof value === 'number' ? value : value.count) === 0;
}

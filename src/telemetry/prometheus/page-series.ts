import { type DataPoint, DataPointType, type Histogram } from '@opentelemetry/sdk-metrics';
import { log } from '../../log.js';
import type { CallDataPoint, Exemplar } from '../metrics/series.js';
import type { Family } from './families.js';
import type { Labels } from './labels.js';

/** One set of labels in a family, with its current value. */
export interface PageSeries {
  readonly labels: string;
  /** A histogram in a histogram family, otherwise a number. */
  value: number | Histogram;
  readonly exemplars: readonly Exemplar[];
}

const NO_EXEMPLARS: readonly Exemplar[] = [];

/**
 * The series of a family, each set of labels once. Points whose attributes become the same labels (200 and "200",
 * `a.b` and `a_b`) are one series to Prometheus. Their sums and histograms are added; the last value of a gauge wins.
 */
export function seriesOf({ name, members }: Family, labels: Labels): PageSeries[] {
  const byLabels = new Map<string, PageSeries>();
  for (const { metric, scope } of members) {
    const isSum = metric.dataPointType === DataPointType.SUM;
    for (const point of metric.dataPoints as (DataPoint<number> | CallDataPoint)[]) {
      const { text, key } = labels(point.attributes, scope);
      const known = byLabels.get(key);
      if (known === undefined)
        byLabels.set(key, { labels: text, value: point.value, exemplars: exemplarsOf(point) });
      else known.value = merged(known.value, point.value, isSum, name);
    }
  }
  return [...byLabels.values()];
}

function exemplarsOf(point: object): readonly Exemplar[] {
  return (point as Partial<CallDataPoint>).exemplars ?? NO_EXEMPLARS;
}

function merged(
  a: number | Histogram,
  b: number | Histogram,
  isSum: boolean,
  name: string,
): number | Histogram {
  if (typeof a === 'number' || typeof b === 'number') return isSum ? Number(a) + Number(b) : b;
  if (String(a.buckets.boundaries) !== String(b.buckets.boundaries)) {
    log.warn(
      `metrics: a series of ${name} appears twice with different buckets, expected the same ones; the first is kept`,
    );
    return a;
  }
  const counts = a.buckets.counts.map((count, bucket) => count + (b.buckets.counts[bucket] ?? 0));
  return {
    buckets: { boundaries: a.buckets.boundaries, counts },
    count: a.count + b.count,
    ...(a.sum !== undefined && b.sum !== undefined && { sum: a.sum + b.sum }),
  };
}

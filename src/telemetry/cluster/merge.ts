import type { Attributes } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import type { CallDataPoint, Exemplar } from '../metrics/series.js';

type Point = DataPoint<number | Histogram>;
type PlainMetric = Exclude<MetricData, { dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM }>;

interface Merged {
  readonly metric: PlainMetric;
  readonly points: Map<string, Point>;
}

interface MergedScope {
  readonly scope: ScopeMetrics['scope'];
  readonly metrics: Map<string, Merged>;
}

const OVERFLOW: Attributes = Object.freeze({ 'otel.metric.overflow': true });

/**
 * Adds up what several processes have measured: sums and histograms with the same name, type and attributes become one.
 * The last value of a gauge wins, so each process needs attributes of its own there. Of exemplars the newest of each
 * bucket stays. A metric has at most `maxSeries` series; what further ones count is added to its overflow series.
 */
export function merge(parts: Iterable<ScopeMetrics>, maxSeries = Number.POSITIVE_INFINITY): ScopeMetrics[] {
  const scopes = new Map<string, MergedScope>();
  for (const { scope, metrics } of parts) {
    const merged = getOrAdd(scopes, `${scope.name} ${scope.version} ${scope.schemaUrl}`, () => ({
      scope,
      metrics: new Map<string, Merged>(),
    }));
    for (const metric of metrics) {
      // The page cannot show these.
      if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) continue;
      const key = `${metric.descriptor.name} ${metric.dataPointType} ${isMonotonic(metric)}`;
      const known = getOrAdd(merged.metrics, key, () => ({ metric, points: new Map<string, Point>() }));
      for (const point of metric.dataPoints) addPoint(known, point, maxSeries);
    }
  }
  return Array.from(scopes.values(), ({ scope, metrics }) => ({
    scope,
    metrics: Array.from(
      metrics.values(),
      ({ metric, points }) => ({ ...metric, dataPoints: [...points.values()] }) as MetricData,
    ),
  }));
}

/** Whether a metric never falls: what it has counted remains true when its process has ended. */
export function isMonotonic(metric: MetricData): boolean {
  if (metric.dataPointType === DataPointType.SUM) return metric.isMonotonic;
  return metric.dataPointType !== DataPointType.GAUGE;
}

function addPoint({ metric, points }: Merged, point: Point, maxSeries: number): void {
  const key = keyOf(point.attributes);
  const known = points.get(key);
  if (known !== undefined) {
    points.set(key, sum(known, point, metric));
  } else if (points.size < maxSeries || point.attributes === OVERFLOW) {
    points.set(key, point);
  } else {
    addPoint({ metric, points }, { ...point, attributes: OVERFLOW }, maxSeries);
  }
}

function sum(a: Point, b: Point, { dataPointType }: PlainMetric): Point {
  if (dataPointType === DataPointType.GAUGE) return b;
  if (typeof a.value === 'number' || typeof b.value === 'number')
    return { ...a, value: Number(a.value) + Number(b.value) };
  const value = sumOf(a.value, b.value);
  // Processes that disagree about the buckets run different code. The first one is shown.
  if (value === undefined) return a;
  const exemplars = newest(exemplarsOf(a), exemplarsOf(b));
  return exemplars.length === 0 ? { ...a, value } : ({ ...a, value, exemplars } as CallDataPoint);
}

function sumOf(a: Histogram, b: Histogram): Histogram | undefined {
  const { boundaries, counts } = a.buckets;
  const others = b.buckets;
  const isSame =
    boundaries.length === others.boundaries.length &&
    boundaries.every((bound, i) => bound === others.boundaries[i]);
  if (!isSame) return undefined;
  return {
    buckets: { boundaries, counts: counts.map((count, bucket) => count + (others.counts[bucket] as number)) },
    count: a.count + b.count,
    ...(a.sum !== undefined && b.sum !== undefined && { sum: a.sum + b.sum }),
  };
}

/** The newest exemplar of each bucket, in bucket order. */
function newest(a: readonly Exemplar[], b: readonly Exemplar[]): readonly Exemplar[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const byBucket = new Map<number, Exemplar>();
  for (const exemplar of [...a, ...b]) {
    const known = byBucket.get(exemplar.bucket);
    if (known === undefined || known.timestamp < exemplar.timestamp) byBucket.set(exemplar.bucket, exemplar);
  }
  return [...byBucket.values()].sort((x, y) => x.bucket - y.bucket);
}

export function exemplarsOf(point: object): readonly Exemplar[] {
  return (point as Partial<CallDataPoint>).exemplars ?? [];
}

const keys = new WeakMap<Attributes, string>();

/** Equal for the same attributes in any order. Frozen attributes are those of series that last, so theirs is kept. */
export function keyOf(attributes: Attributes): string {
  const known = keys.get(attributes);
  if (known !== undefined) return known;
  const key = JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (Object.isFrozen(attributes)) keys.set(attributes, key);
  return key;
}

function getOrAdd<V>(map: Map<string, V>, key: string, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}

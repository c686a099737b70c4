import { ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { merge } from '../../../src/telemetry/cluster/merge.js';

const scope = { name: 'app', version: '1' };
const common = { aggregationTemporality: AggregationTemporality.CUMULATIVE };
const times = { startTime: [0, 0] as [number, number], endTime: [0, 0] as [number, number] };

function descriptor(name: string) {
  return { name, description: '', unit: '', valueType: ValueType.DOUBLE };
}

function sum(name: string, values: Record<string, number>, isMonotonic = true): ScopeMetrics {
  const dataPoints = Object.entries(values).map(([key, value]) => ({ ...times, attributes: { key }, value }));
  const metric: MetricData = {
    ...common,
    descriptor: descriptor(name),
    dataPointType: DataPointType.SUM,
    isMonotonic,
    dataPoints,
  };
  return { scope: { ...scope }, metrics: [metric] };
}

function gauge(name: string, worker: string, value: number): ScopeMetrics {
  const dataPoints = [{ ...times, attributes: { worker }, value }];
  const metric: MetricData = {
    ...common,
    descriptor: descriptor(name),
    dataPointType: DataPointType.GAUGE,
    dataPoints,
  };
  return { scope, metrics: [metric] };
}

function histogram(counts: number[], exemplars: object[] = [], boundaries = [1, 2]): ScopeMetrics {
  const count = counts.reduce((a, b) => a + b);
  const point = {
    ...times,
    attributes: { b: 1, a: 2 },
    value: { buckets: { boundaries, counts }, count, sum: count },
    exemplars,
  };
  const metric: MetricData = {
    ...common,
    descriptor: descriptor('h'),
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: [point],
  };
  return { scope, metrics: [metric] };
}

function values(scopes: ScopeMetrics[], name: string): [unknown, unknown][] {
  const points = scopes.flatMap(({ metrics }) => metrics).filter((each) => each.descriptor.name === name);
  return points.flatMap(({ dataPoints }) =>
    dataPoints.map(({ attributes, value }): [unknown, unknown] => [attributes, value]),
  );
}

test('sums with the same attributes are added', () => {
  const merged = merge([
    sum('c', { x: 1, y: 2 }),
    sum('c', { y: 3, z: 4 }),
    sum('u', { x: -1 }, false),
    sum('u', { x: 3 }, false),
  ]);

  expect(merged).toHaveLength(1);
  expect(values(merged, 'c')).toEqual([
    [{ key: 'x' }, 1],
    [{ key: 'y' }, 5],
    [{ key: 'z' }, 4],
  ]);
  expect(values(merged, 'u')).toEqual([[{ key: 'x' }, 2]]);
});

test('histograms are added bucket by bucket, whatever the order of their attributes', () => {
  const other = histogram([1, 0, 2]);
  Object.assign(other.metrics[0]?.dataPoints[0] ?? {}, { attributes: { a: 2, b: 1 } });
  const merged = merge([histogram([1, 2, 3]), other]);

  expect(values(merged, 'h')).toEqual([
    [
      { a: 2, b: 1 },
      { buckets: { boundaries: [1, 2], counts: [2, 2, 5] }, count: 9, sum: 9 },
    ],
  ]);
});

test('histograms with other buckets are left out', () => {
  const merged = merge([histogram([1, 2, 3]), histogram([1, 1], [], [7])]);

  expect(values(merged, 'h')).toHaveLength(1);
  expect(values(merged, 'h')[0]?.[1]).toMatchObject({ count: 6 });
});

test('of the exemplars of a bucket the newest stays', () => {
  const exemplar = (bucket: number, timestamp: number) => ({
    bucket,
    timestamp,
    value: 1,
    traceId: 'a',
    spanId: 'b',
  });
  const merged = merge([
    histogram([1, 1, 0], [exemplar(0, 10), exemplar(1, 30)]),
    histogram([1, 1, 1], [exemplar(0, 20), exemplar(1, 20), exemplar(2, 5)]),
  ]);

  expect(merged[0]?.metrics[0]?.dataPoints[0]).toMatchObject({
    exemplars: [exemplar(0, 20), exemplar(1, 30), exemplar(2, 5)],
  });
});

test('the last value of a gauge wins, and those of different workers stay apart', () => {
  const merged = merge([gauge('g', '1', 5), gauge('g', '2', 7), gauge('g', '1', 6)]);

  expect(values(merged, 'g')).toEqual([
    [{ worker: '1' }, 6],
    [{ worker: '2' }, 7],
  ]);
});

test('beyond the limit, series are added to one', () => {
  const one = merge([sum('c', { a: 1, b: 2, c: 3, d: 4 })], 2);
  const two = merge([...JSON.parse(JSON.stringify(one)), sum('c', { a: 1, e: 5 })], 2);

  expect(values(two, 'c')).toEqual([
    [{ key: 'a' }, 2],
    [{ key: 'b' }, 2],
    [{ 'otel.metric.overflow': true }, 12],
  ]);
});

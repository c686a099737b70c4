import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import type { CallDataPoint } from '../../../src/telemetry/metrics/series.js';
import { createDeltas } from '../../../src/telemetry/otlp/delta.js';
import { callsInto, startSdk } from '../../support/sdk-metrics.js';

const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

function start() {
  const red = createRed({ maxRoutes: 500, maxSeries: 2_000, exemplars: 'trace_based' });
  const internal = createInternalMetrics();
  const counter = internal.counter('dropped', '', '{span}');
  internal.gauge({ name: 'size', description: '', unit: '', read: () => [{ value: 7, attributes: {} }] });
  const sdk = startSdk([red.producer, internal.producer]);
  return { call: callsInto(red), counter, sdk };
}

function pointsOf({ scopeMetrics }: ResourceMetrics, name: string): CallDataPoint[] {
  const metrics = scopeMetrics.flatMap(({ metrics }) => metrics);
  return (metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []) as CallDataPoint[];
}

test('after a delivery, only what was added since is left, from the time of the delivery on', async () => {
  const { call, counter, sdk } = start();
  const deltas = createDeltas();
  call({ route: '/a', duration: 0.2 });
  call({ route: '/b', duration: 0.2 });
  counter.add(5);

  const first = deltas(await sdk.read());
  expect(pointsOf(first.metrics, 'http.server.request.duration').map(({ value }) => value.count)).toEqual([
    1, 1,
  ]);
  const [before] = pointsOf(first.metrics, 'http.server.request.duration');
  first.delivered();

  call({ route: '/a', duration: 0.4 });
  call({ route: '/a', duration: 0.4 });
  counter.add(2);
  const second = deltas(await sdk.read());
  const points = pointsOf(second.metrics, 'http.server.request.duration');

  expect(points).toHaveLength(1);
  expect(points[0]?.attributes['http.route']).toBe('/a');
  expect(points[0]?.value).toMatchObject({ count: 2, sum: expect.closeTo(0.8) });
  expect(points[0]?.value.buckets.counts.reduce((sum, each) => sum + each)).toBe(2);
  expect(points[0]?.startTime).toEqual(before?.endTime);
  expect(pointsOf(second.metrics, 'dropped')).toMatchObject([{ value: 2 }]);
  const [histogram] = second.metrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  expect(histogram?.aggregationTemporality).toBe(AggregationTemporality.DELTA);
});

test('what was not delivered is in the next ones', async () => {
  const { call, sdk } = start();
  const deltas = createDeltas();
  call({ route: '/a' });
  deltas(await sdk.read());
  call({ route: '/a' });
  const [point] = pointsOf(deltas(await sdk.read()).metrics, 'http.server.request.duration');
  expect(point?.value.count).toBe(2);
});

test('without anything new, only gauges are left', async () => {
  const { call, sdk } = start();
  const deltas = createDeltas();
  call({});
  deltas(await sdk.read()).delivered();
  const metrics = deltas(await sdk.read()).metrics.scopeMetrics.flatMap((each) => each.metrics);
  expect(metrics.map(({ descriptor }) => descriptor.name)).toEqual(['size']);
  expect(metrics[0]?.dataPointType).toBe(DataPointType.GAUGE);
});

test('an exemplar is sent once', async () => {
  const { call, sdk } = start();
  const deltas = createDeltas();
  call({ route: '/a', duration: 0.03, span: SPAN });
  const first = deltas(await sdk.read());
  expect(pointsOf(first.metrics, 'http.server.request.duration')[0]?.exemplars).toHaveLength(1);
  first.delivered();
  await new Promise((resolve) => setTimeout(resolve, 5));
  call({ route: '/a', duration: 3 });
  const [point] = pointsOf(deltas(await sdk.read()).metrics, 'http.server.request.duration');
  expect(point?.exemplars).toEqual([]);
});

test('the instruments of the application are left as the SDK has them', async () => {
  const { sdk } = start();
  sdk.provider.getMeter('app').createCounter('sold').add(3);
  const deltas = createDeltas();
  deltas(await sdk.read()).delivered();
  expect(pointsOf(deltas(await sdk.read()).metrics, 'sold')).toMatchObject([{ value: 3 }]);
});

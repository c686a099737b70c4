import { TraceFlags } from '@opentelemetry/api';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test, vi } from 'vitest';
import { createRed } from '../../../../src/telemetry/metrics/red.js';
import { encodeMetrics } from '../../../../src/telemetry/otlp/encoding/encode-metrics.js';
import { decodeMetrics, type ReceivedMetric } from '../../../support/otlp.js';
import { callsInto, startSdk } from '../../../support/sdk-metrics.js';

afterEach(() => vi.restoreAllMocks());

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const sampled = (spanId: string) => ({ traceId: TRACE_ID, spanId, traceFlags: TraceFlags.SAMPLED });

function start() {
  const red = createRed({ maxRoutes: 500, maxSeries: 2_000, exemplars: 'trace_based' });
  const sdk = startSdk([red.producer], { resource: { 'long.attribute': 'x'.repeat(300), port: 80 } });
  return { call: callsInto(red), sdk };
}

function ours(metrics: ResourceMetrics): ReceivedMetric[] {
  return byName(decodeMetrics(Buffer.from(encodeMetrics(metrics))));
}

function stock(metrics: ResourceMetrics): ReceivedMetric[] {
  return byName(decodeMetrics(Buffer.from(ProtobufMetricsSerializer.serializeRequest(metrics) ?? [])));
}

function byName(metrics: ReceivedMetric[]): ReceivedMetric[] {
  return metrics.sort((a, b) => a.name.localeCompare(b.name));
}

function withoutExemplars(metrics: ReceivedMetric[]): ReceivedMetric[] {
  return metrics.map((each) => ({
    ...each,
    points: each.points.map((point) => ({ ...point, exemplars: [] })),
  }));
}

test('the exemplars of a histogram carry time, value, trace id and span id', async () => {
  const { call, sdk } = start();
  const before = BigInt(Date.now()) * 1_000_000n;
  call({ duration: 0.3, span: sampled('1'.repeat(16)) });
  call({ duration: 0.004, span: sampled('2'.repeat(16)) });
  const after = BigInt(Date.now()) * 1_000_000n;

  const histogram = ours(await sdk.read()).find(({ name }) => name === 'http.server.request.duration');
  const exemplars = histogram?.points.flatMap((point) => point.exemplars) ?? [];

  expect(exemplars).toEqual([
    { time: expect.any(BigInt), value: 0.004, traceId: TRACE_ID, spanId: '2'.repeat(16), attributes: {} },
    { time: expect.any(BigInt), value: 0.3, traceId: TRACE_ID, spanId: '1'.repeat(16), attributes: {} },
  ]);
  for (const { time } of exemplars) {
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
  }
});

test('everything else is what the stock serializer writes', async () => {
  const { call, sdk } = start();
  for (let i = 0; i < 50; i += 1)
    call({ route: `/orders/${i}/ä`, code: 200 + i, duration: i / 7, span: sampled('3'.repeat(16)) });
  call({ code: 404, attributes: { 'server.port': 8080 } });
  call({ kind: 'client', attributes: { 'server.address': 'db', 'server.port': 80 } });
  const meter = sdk.provider.getMeter('app', '1.0.0');
  meter.createHistogram('latency').record(3);
  meter.createCounter('orders').add(2, { paid: true });
  const metrics = await sdk.read();
  expect(withoutExemplars(ours(metrics))).toEqual(stock(metrics));
});

test('without exemplars the request is the stock one', async () => {
  const { call, sdk } = start();
  call({ duration: 0.3 });
  const metrics = await sdk.read();
  expect(Buffer.from(encodeMetrics(metrics))).toEqual(
    Buffer.from(ProtobufMetricsSerializer.serializeRequest(metrics) ?? []),
  );
});

test('counts beyond 32 bits are exact', async () => {
  const { call, sdk } = start();
  call({ duration: 0.3, span: sampled('1'.repeat(16)) });
  const metrics = await sdk.read();
  const histogram = metrics.scopeMetrics
    .flatMap((each) => each.metrics)
    .find(({ descriptor }) => descriptor.name === 'http.server.request.duration');
  const [point] = histogram?.dataPoints ?? [];
  Object.assign(point?.value ?? {}, { count: 2 ** 40 + 3 });
  expect(ours(metrics).flatMap((each) => each.points.map(({ count }) => count))).toContain(2 ** 40 + 3);
});

test('no point ends before it starts when the clock is set back', async () => {
  const { call, sdk } = start();
  call({ duration: 0.3, span: sampled('1'.repeat(16)) });
  call({ kind: 'client', duration: 0.3 });
  sdk.provider.getMeter('app').createCounter('orders').add(1);
  await sdk.read();
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);

  const points = ours(await sdk.read()).flatMap((each) => each.points);

  expect(points.length).toBeGreaterThan(3);
  for (const { startTime, time } of points) expect(time).toBeGreaterThanOrEqual(startTime);
});

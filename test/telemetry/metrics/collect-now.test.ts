import { emptyResource } from '@opentelemetry/resources';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { collectNow } from '../../../src/telemetry/metrics/collect-now.js';

class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

/** A provider with two readers and one instrument of each kind. */
function startJob() {
  const readers = [new ManualReader(), new ManualReader()] as const;
  const provider = new MeterProvider({ resource: emptyResource(), readers: [...readers] });
  const meter = provider.getMeter('job', '1.2.3');
  const rows = meter.createCounter('rows', { unit: '{row}' });
  const size = meter.createHistogram('size');
  const open = meter.createUpDownCounter('open');
  const level = meter.createGauge('level');
  meter.createObservableGauge('observed').addCallback((result) => result.observe(7));
  provider.getMeter('unused');
  const work = () => {
    rows.add(3, { kind: 'x' });
    size.record(12);
    open.add(-1);
    level.record(5);
  };
  return { provider, readers, work };
}

const withoutTimes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (/Time$/.test(key) ? undefined : each)));

test('instruments that no reader has collected yet have their values, at once', () => {
  const { provider, work } = startJob();
  work();
  work();

  const [scope, ...others] = collectNow(provider, 1);

  expect(others).toEqual([]);
  expect(scope?.scope).toMatchObject({ name: 'job', version: '1.2.3' });
  expect(scope?.metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value])).toEqual(
    [
      ['rows', 6],
      ['size', expect.objectContaining({ count: 2, sum: 24 })],
      ['open', -2],
      ['level', 5],
      ['observed', 7],
    ],
  );
});

test('callbacks are called, alone and in a batch, and none of them is waited for', () => {
  const provider = new MeterProvider({ readers: [new ManualReader()] });
  const meter = provider.getMeter('job');
  const counter = meter.createObservableCounter('counter');
  const waits = meter.createObservableGauge('waits');
  const batch = meter.createObservableGauge('batch');
  meter.createObservableGauge('throws').addCallback(() => {
    throw new Error('lazy');
  });
  meter.createObservableGauge('late').addCallback(async (result) => {
    await Promise.resolve();
    result.observe(1);
  });
  counter.addCallback((result) => result.observe(7, { kind: 'x' }));
  waits.addCallback(async (result) => {
    result.observe(8);
    await new Promise(() => {});
  });
  meter.addBatchObservableCallback((result) => result.observe(batch, 9), [batch]);

  const [scope] = collectNow(provider, 0);

  expect(
    scope?.metrics.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ attributes, value }) => [attributes, value]),
    ]),
  ).toEqual([
    ['counter', [[{ kind: 'x' }, 7]]],
    ['waits', [[{}, 8]]],
    ['batch', [[{}, 9]]],
  ]);
});

test('values are those that the reader itself would collect', async () => {
  const { provider, readers, work } = startJob();
  work();
  for (const reader of readers) await reader.collect();
  work();

  const [now] = collectNow(provider, 1);
  const { resourceMetrics } = await readers[0].collect();

  expect(withoutTimes(now)).toEqual(withoutTimes(resourceMetrics.scopeMetrics[0]));
});

test('a process without instruments has none', () => {
  const provider = new MeterProvider({ readers: [new ManualReader()] });
  expect(collectNow(provider, 0)).toEqual([]);
});

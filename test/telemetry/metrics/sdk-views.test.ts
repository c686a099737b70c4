import { DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import type { ViewConfig } from '../../../src/config/config.js';
import { sdkView } from '../../../src/telemetry/metrics/sdk-views.js';
import { startSdk } from '../../support/sdk-metrics.js';

async function metricsWith(...views: ViewConfig[]) {
  const sdk = startSdk([], { views: views.map(sdkView) });
  const meter = sdk.provider.getMeter('app', '1.0');
  meter.createHistogram('wait', { unit: 'ms' }).record(7, { a: 1, b: 2 });
  meter.createCounter('sold').add(1, { a: 1, b: 2 });
  const { scopeMetrics } = await sdk.read();
  return scopeMetrics.flatMap(({ metrics }) => metrics);
}

test('a view without criteria matches every instrument', async () => {
  const metrics = await metricsWith({ selector: {}, stream: { attribute_keys: { excluded: ['a*'] } } });
  expect(metrics.map(({ dataPoints }) => dataPoints[0]?.attributes)).toEqual([{ b: 2 }, { b: 2 }]);
});

test('the criteria, the name and the buckets are those of the view', async () => {
  const metrics = await metricsWith({
    selector: {
      instrument_name: 'wait',
      instrument_type: 'histogram',
      unit: 'ms',
      meter_name: 'app',
      meter_version: '1.0',
    },
    stream: {
      name: 'waited',
      description: 'Time.',
      aggregation: { type: 'explicit_bucket_histogram', boundaries: [5, 10] },
    },
  });
  expect(metrics).toMatchObject([
    {
      descriptor: { name: 'waited', description: 'Time.' },
      dataPoints: [{ value: { buckets: { boundaries: [5, 10], counts: [0, 1, 0] } } }],
    },
    { descriptor: { name: 'sold' } },
  ]);
});

test.each([
  [{ type: 'drop' }, []],
  [{ type: 'sum' }, [DataPointType.SUM]],
  [{ type: 'last_value' }, [DataPointType.GAUGE]],
  [{ type: 'default' }, [DataPointType.HISTOGRAM]],
  [{ type: 'base2_exponential_bucket_histogram', max_size: 20 }, [DataPointType.EXPONENTIAL_HISTOGRAM]],
] as const)('the aggregation %j', async (aggregation, types) => {
  const metrics = await metricsWith({ selector: { instrument_name: 'wait' }, stream: { aggregation } });
  expect(
    metrics.filter(({ descriptor }) => descriptor.name === 'wait').map(({ dataPointType }) => dataPointType),
  ).toEqual(types);
});

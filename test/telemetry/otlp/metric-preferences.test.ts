import { AggregationTemporality, AggregationType, InstrumentType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { metricPreferences } from '../../../src/telemetry/otlp/metric-preferences.js';

const { CUMULATIVE, DELTA } = AggregationTemporality;

test.each([
  ['cumulative', CUMULATIVE, CUMULATIVE, CUMULATIVE],
  ['delta', DELTA, DELTA, CUMULATIVE],
  ['low_memory', DELTA, CUMULATIVE, CUMULATIVE],
] as const)('%s: counters, observable counters and up-down counters', (temporality, ...expected) => {
  const { selectAggregationTemporality: select } = metricPreferences({
    temporality,
    histogramAggregation: 'explicit_bucket_histogram',
  });
  const { COUNTER, OBSERVABLE_COUNTER, UP_DOWN_COUNTER } = InstrumentType;
  expect([COUNTER, OBSERVABLE_COUNTER, UP_DOWN_COUNTER].map(select)).toEqual(expected);
});

test.each([
  ['explicit_bucket_histogram', AggregationType.DEFAULT],
  ['base2_exponential_bucket_histogram', AggregationType.EXPONENTIAL_HISTOGRAM],
] as const)('histograms of the application are aggregated by %s', (histogramAggregation, type) => {
  const { selectAggregation } = metricPreferences({ temporality: 'cumulative', histogramAggregation });
  expect(selectAggregation(InstrumentType.HISTOGRAM)).toEqual({ type });
  expect(selectAggregation(InstrumentType.COUNTER)).toEqual({ type: AggregationType.DEFAULT });
});

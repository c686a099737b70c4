import { InstrumentType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { cardinalitySelector, sdkCardinalityLimits } from '../../../src/telemetry/metrics/cardinality.js';

test('the limit of an instrument is its own, else the default, else that of the SDK', () => {
  const own = cardinalitySelector({ default: 9, observable_up_down_counter: 3 });
  expect(own(InstrumentType.OBSERVABLE_UP_DOWN_COUNTER)).toBe(3);
  expect(own(InstrumentType.HISTOGRAM)).toBe(9);
  expect(cardinalitySelector({})(InstrumentType.COUNTER)).toBe(2_000);
});

test('the names of the SDK are in camel case', () => {
  expect(sdkCardinalityLimits({ default: 9, observable_up_down_counter: 3 })).toEqual({
    default: 9,
    observableUpDownCounter: 3,
  });
});

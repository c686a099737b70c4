import {
  type AggregationOption,
  AggregationType,
  InstrumentType,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import type { ViewAggregation, ViewConfig } from '../../config/config.js';
import { includesName } from '../include-exclude.js';

const TYPES = {
  counter: InstrumentType.COUNTER,
  gauge: InstrumentType.GAUGE,
  histogram: InstrumentType.HISTOGRAM,
  observable_counter: InstrumentType.OBSERVABLE_COUNTER,
  observable_gauge: InstrumentType.OBSERVABLE_GAUGE,
  observable_up_down_counter: InstrumentType.OBSERVABLE_UP_DOWN_COUNTER,
  up_down_counter: InstrumentType.UP_DOWN_COUNTER,
} as const;

/** A view of the configuration as the SDK wants it. */
export function sdkView({ selector, stream }: ViewConfig): ViewOptions {
  const { instrument_type: type, attribute_keys: keys, ...rest } = { ...selector, ...stream };
  const isKept = keys && includesName(keys);
  return {
    // The SDK refuses a view that selects nothing in particular.
    instrumentName: rest.instrument_name ?? '*',
    ...(type !== undefined && { instrumentType: TYPES[type] }),
    ...(rest.unit !== undefined && { instrumentUnit: rest.unit }),
    ...(rest.meter_name !== undefined && { meterName: rest.meter_name }),
    ...(rest.meter_version !== undefined && { meterVersion: rest.meter_version }),
    ...(rest.meter_schema_url !== undefined && { meterSchemaUrl: rest.meter_schema_url }),
    ...(rest.name !== undefined && { name: rest.name }),
    ...(rest.description !== undefined && { description: rest.description }),
    ...(rest.aggregation !== undefined && { aggregation: sdkAggregation(rest.aggregation) }),
    ...(rest.aggregation_cardinality_limit !== undefined && {
      aggregationCardinalityLimit: rest.aggregation_cardinality_limit,
    }),
    ...(isKept !== undefined && {
      attributesProcessors: [
        {
          process: (attributes) =>
            Object.fromEntries(Object.entries(attributes).filter(([name]) => isKept(name))),
        },
      ],
    }),
  };
}

const AGGREGATIONS = {
  default: AggregationType.DEFAULT,
  drop: AggregationType.DROP,
  sum: AggregationType.SUM,
  last_value: AggregationType.LAST_VALUE,
} as const;

function sdkAggregation(aggregation: ViewAggregation): AggregationOption {
  switch (aggregation.type) {
    case 'explicit_bucket_histogram': {
      const { boundaries, record_min_max: recordMinMax = true } = aggregation;
      return {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        ...(boundaries !== undefined && { options: { recordMinMax, boundaries: [...boundaries] } }),
      };
    }
    case 'base2_exponential_bucket_histogram': {
      const { max_size: maxSize, record_min_max: recordMinMax = true } = aggregation;
      return {
        type: AggregationType.EXPONENTIAL_HISTOGRAM,
        options: { recordMinMax, ...(maxSize !== undefined && { maxSize }) },
      };
    }
    default:
      return { type: AGGREGATIONS[aggregation.type] };
  }
}

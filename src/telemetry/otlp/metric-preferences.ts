import {
  AggregationTemporality,
  AggregationType,
  InstrumentType,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { OtlpMetricExporter } from '../../config/config.js';

type Preferences = Required<Pick<PushMetricExporter, 'selectAggregation' | 'selectAggregationTemporality'>>;

const SINCE_LAST: Record<OtlpMetricExporter['temporality'], readonly InstrumentType[]> = {
  cumulative: [],
  delta: [
    InstrumentType.COUNTER,
    InstrumentType.HISTOGRAM,
    InstrumentType.OBSERVABLE_COUNTER,
    InstrumentType.OBSERVABLE_GAUGE,
    InstrumentType.GAUGE,
  ],
  low_memory: [InstrumentType.COUNTER, InstrumentType.HISTOGRAM],
};

/**
 * What a receiver wants of the instruments of the application.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/#additional-environment-variable-configuration
 */
export function metricPreferences({
  temporality,
  histogramAggregation,
}: Pick<OtlpMetricExporter, 'temporality' | 'histogramAggregation'>): Preferences {
  const isExponential = histogramAggregation === 'base2_exponential_bucket_histogram';
  return {
    selectAggregationTemporality: (type) =>
      SINCE_LAST[temporality].includes(type)
        ? AggregationTemporality.DELTA
        : AggregationTemporality.CUMULATIVE,
    selectAggregation: (type) =>
      isExponential && type === InstrumentType.HISTOGRAM
        ? { type: AggregationType.EXPONENTIAL_HISTOGRAM }
        : { type: AggregationType.DEFAULT },
  };
}

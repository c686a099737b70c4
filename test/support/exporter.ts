import type { OtlpMetricExporter } from '../../src/config/config.js';

/** The settings of an OTLP exporter of metrics, or of anything else, as they come from the configuration. */
export function otlp(endpoint: string, settings: Partial<OtlpMetricExporter> = {}): OtlpMetricExporter {
  return {
    type: 'otlp',
    protocol: 'grpc',
    endpoint,
    headers: {},
    compression: 'none',
    timeoutMs: 2_000,
    intervalMs: 60_000,
    temporality: 'cumulative',
    histogramAggregation: 'explicit_bucket_histogram',
    ...settings,
  };
}

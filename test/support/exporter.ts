import type { OtlpExporter } from '../../src/config/config.js';

/** The settings of an OTLP exporter, as they come from the configuration. */
export function otlp(endpoint: string, settings: Partial<OtlpExporter> = {}): OtlpExporter {
  return {
    type: 'otlp',
    protocol: 'grpc',
    endpoint,
    headers: {},
    compression: 'none',
    timeoutMs: 2_000,
    ...settings,
  };
}

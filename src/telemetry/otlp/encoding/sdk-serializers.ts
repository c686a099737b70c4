import { ProtobufMetricsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

// A chunk of its own: spans of calls and their histograms are encoded by our own writers.

/** Encodes an `ExportTraceServiceRequest`. */
export function serializeSpans(spans: ReadableSpan[]): Uint8Array {
  return ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
}

/** Encodes an `ExportMetricsServiceRequest`. */
export function serializeMetrics(metrics: ResourceMetrics): Uint8Array {
  return ProtobufMetricsSerializer.serializeRequest(metrics) ?? new Uint8Array();
}

import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { PendingRequest } from './flush.js';
import { OtlpSpanProcessor, type OtlpSpanProcessorOptions } from './span-processor.js';

export interface SpanOutput {
  readonly processor: SpanProcessor;
  /** The undelivered spans as requests, for the flush at exit. */
  pendingRequests(): PendingRequest[];
}

/** Delivers spans to one OTLP endpoint. A chunk of its own, because a process that only starts has no spans. */
export function openSpanOutput(options: OtlpSpanProcessorOptions): SpanOutput {
  const { exporter } = options;
  const processor = new OtlpSpanProcessor(options);
  return {
    processor,
    pendingRequests: () => processor.pending().map((request) => ({ exporter, signal: 'traces', ...request })),
  };
}

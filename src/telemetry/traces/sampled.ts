import { type SpanContext, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

const kept = new WeakSet<object>();

/** From now on the span is exported. Its context goes on to say what everybody was told: that it is not sampled. */
export function keep(span: ReadableSpan): void {
  kept.add(span);
}

/** Whether exporters take a span. Of spans that are recorded and not sampled only those that are kept. */
export function isExported(span: Pick<ReadableSpan, 'spanContext'>): boolean {
  return isSampled(span.spanContext()) || kept.has(span);
}

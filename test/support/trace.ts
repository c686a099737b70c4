import { randomBytes } from 'node:crypto';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';

/** Runs `fn` as if a request had arrived in the trace `traceId`. */
export function inTrace<R>(traceId: string, fn: () => R): R {
  const span = { traceId, spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };
  return context.with(trace.setSpanContext(ROOT_CONTEXT, span), fn);
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

/** The trace that the running code is in. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

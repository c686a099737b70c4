import { ROOT_CONTEXT, SpanStatusCode } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { KeepConfig } from '../../config/config.js';
import type { InternalCounter } from '../metrics/internal.js';
import { isSampled, keep } from './sampled.js';

/** A trace in this process, from its first span on: the one that begins it, or whose parent is in another process. */
interface LocalTrace {
  readonly rootId: string;
  /** Of the spans that run or wait. */
  readonly ids: Set<string>;
  /** Finished, the oldest first. They wait for the end of the root. */
  readonly waiting: ReadableSpan[];
  /** Known when the root has ended. */
  isKept: boolean | undefined;
}

/**
 * Passes the spans of sampled traces on, and holds those of others until their root has ended: if it has failed or was
 * slow, they are passed on too. Memory is bounded: beyond `spans` the oldest trace is let go, beyond `spansPerTrace` the
 * oldest span of the trace, which is mostly a leaf. A span whose trace was let go or is decided without it is not held.
 */
export function createKeeper(
  { errors, slowerThanMs, spans: maxSpans, spansPerTrace }: KeepConfig,
  exporters: readonly SpanProcessor[],
  evicted: InternalCounter,
): SpanProcessor {
  /** The oldest first. */
  const traces = new Set<LocalTrace>();
  /** By the spans that run or wait. */
  const traceOf = new Map<string, LocalTrace>();

  function start(span: Span): void {
    const { spanId } = span.spanContext();
    const trace = findTrace(span) ?? (isLocalRoot(span) ? addTrace(spanId) : undefined);
    if (trace === undefined) return;
    trace.ids.add(spanId);
    traceOf.set(spanId, trace);
    for (const oldest of traces) {
      if (traceOf.size <= maxSpans) break;
      evict(oldest);
    }
  }

  function findTrace({ parentSpanContext: parent }: ReadableSpan): LocalTrace | undefined {
    return parent === undefined || parent.isRemote ? undefined : traceOf.get(parent.spanId);
  }

  function addTrace(rootId: string): LocalTrace {
    const trace: LocalTrace = { rootId, ids: new Set(), waiting: [], isKept: undefined };
    traces.add(trace);
    return trace;
  }

  function end(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const trace = traceOf.get(spanId);
    if (trace === undefined) return;
    if (trace.isKept === undefined) {
      trace.waiting.push(span);
      if (spanId === trace.rootId) decide(trace, span);
      else if (trace.waiting.length >= spansPerTrace) letGoOldest(trace);
      return;
    }
    forget(trace, spanId);
    if (trace.isKept) release([span]);
  }

  function decide(trace: LocalTrace, root: ReadableSpan): void {
    trace.isKept = isFailed(root) || hrTimeToMilliseconds(root.duration) > slowerThanMs;
    const finished = trace.waiting.splice(0);
    for (const span of finished) forget(trace, span.spanContext().spanId);
    if (trace.isKept) release(finished);
  }

  function isFailed({ status }: ReadableSpan): boolean {
    return errors && status.code === SpanStatusCode.ERROR;
  }

  function letGoOldest(trace: LocalTrace): void {
    const oldest = trace.waiting.shift();
    if (oldest !== undefined) forget(trace, oldest.spanContext().spanId);
    evicted.add(1);
  }

  function evict(trace: LocalTrace): void {
    evicted.add(trace.waiting.length);
    for (const id of trace.ids) traceOf.delete(id);
    traces.delete(trace);
  }

  function forget(trace: LocalTrace, spanId: string): void {
    trace.ids.delete(spanId);
    traceOf.delete(spanId);
    if (trace.ids.size === 0) traces.delete(trace);
  }

  /** All have started before the first one ends: the console draws what it knows as one tree. */
  function release(spans: readonly ReadableSpan[]): void {
    for (const span of spans) keep(span);
    for (const exporter of exporters) {
      for (const span of spans) exporter.onStart(span as Span, ROOT_CONTEXT);
      for (const span of spans) exporter.onEnd(span);
    }
  }

  evicted.add(0);
  return {
    onStart(span, parent) {
      if (isSampled(span.spanContext())) for (const exporter of exporters) exporter.onStart(span, parent);
      else start(span);
    },
    onEnd(span) {
      if (isSampled(span.spanContext())) for (const exporter of exporters) exporter.onEnd(span);
      else end(span);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

function isLocalRoot({ parentSpanContext: parent }: ReadableSpan): boolean {
  return parent === undefined || parent.isRemote === true;
}

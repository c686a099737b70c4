import type { Context } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { TraceGroups } from '../traces/trace-groups.js';
import { traceRows } from '../traces/trace-rows.js';

/** A trace as the page shows it. Times are in milliseconds. */
export interface LiveTrace {
  readonly traceId: string;
  /** Since 1970. */
  readonly startedAt: number;
  readonly duration: number;
  readonly failed: boolean;
  readonly spans: readonly LiveSpan[];
  /** Spans beyond the limit of one trace. */
  readonly omitted: number;
}

export interface LiveSpan {
  readonly depth: number;
  /** Since the start of the trace. */
  readonly start: number;
  readonly duration: number;
  readonly failed: boolean;
  readonly details: readonly string[];
}

export interface LiveTraces extends SpanProcessor {
  /** The traces of the last while, each once: the newest, the slowest and those that failed. Looking keeps it gathering. */
  look(): readonly LiveTrace[];
}

/** How long traces are gathered after a look. The page looks every two seconds. */
const WATCHED_MS = 30_000;
const KEPT_MS = 10 * 60_000;
const EACH = 20;
const MAX_SPANS = 200;

/** Keeps a few traces for whoever looks. While nobody does, it only compares two numbers for each span. */
export function createLiveTraces(now: () => number = Date.now): LiveTraces {
  let watchedUntil = 0;
  let traces: LiveTrace[] = [];
  const groups = new TraceGroups((spans) => {
    const newest = [describe(spans), ...traces.filter(({ startedAt }) => startedAt > now() - KEPT_MS)];
    const slowest = newest.toSorted((a, b) => b.duration - a.duration).slice(0, EACH);
    const failed = newest.filter((trace) => trace.failed).slice(0, EACH);
    const kept = new Set([...newest.slice(0, EACH), ...slowest, ...failed]);
    traces = newest.filter((trace) => kept.has(trace));
  });
  const isWatched = (): boolean => now() < watchedUntil;
  return {
    onStart(span: Span, _parent: Context) {
      if (isWatched()) groups.onStart(span);
    },
    onEnd(span: ReadableSpan) {
      if (isWatched()) groups.onEnd(span);
    },
    look() {
      watchedUntil = now() + WATCHED_MS;
      return traces;
    },
    async forceFlush() {},
    async shutdown() {},
  };
}

function describe(spans: readonly ReadableSpan[]): LiveTrace {
  const startedAt = Math.min(...spans.map(({ startTime }) => hrTimeToMilliseconds(startTime)));
  const endedAt = Math.max(...spans.map(({ endTime }) => hrTimeToMilliseconds(endTime)));
  const rows = traceRows(spans);
  return {
    traceId: spans[0]?.spanContext().traceId ?? '',
    startedAt,
    duration: endedAt - startedAt,
    failed: rows.some(({ failed }) => failed),
    spans: rows.slice(0, MAX_SPANS).map(({ span, isLast, failed, details }) => ({
      depth: isLast.length - 1,
      start: hrTimeToMilliseconds(span.startTime) - startedAt,
      duration: hrTimeToMilliseconds(span.duration),
      failed,
      details,
    })),
    omitted: Math.max(0, rows.length - MAX_SPANS),
  };
}

import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { isExported } from './sampled.js';

/** How long a trace waits for spans that outlive its local root. */
const GRACE_MS = 100;
/** Longer than the grace, because a consumer may pick up the work only later. */
const QUIET_MS = 2_000;
const MAX_TRACES = 100;
const MAX_SPANS = 1_000;

interface Trace {
  readonly finished: ReadableSpan[];
  /** The ids of the spans that have started and not ended. */
  readonly running: Set<string>;
  /** Whether it contains producers or consumers, so that more spans may follow later. */
  isAsync: boolean;
  grace: NodeJS.Timeout | undefined;
}

/**
 * Gathers the spans of each trace, and hands them over when all its spans in this process have ended, or shortly after its
 * local root has ended. Spans that end later come as another group. A trace with producers or consumers comes when none of
 * its spans has ended for two seconds. Memory is bounded: if there are too many traces, the oldest comes, and a trace with
 * too many spans comes in parts.
 */
export class TraceGroups implements SpanProcessor {
  readonly #receive: (spans: readonly ReadableSpan[]) => void;
  readonly #traces = new Map<string, Trace>();

  constructor(receive: (spans: readonly ReadableSpan[]) => void) {
    this.#receive = receive;
  }

  onStart(span: Span): void {
    if (!isExported(span)) return;
    const { traceId, spanId } = span.spanContext();
    this.#open(traceId).running.add(spanId);
  }

  onEnd(span: ReadableSpan): void {
    if (!isExported(span)) return;
    const { traceId, spanId } = span.spanContext();
    const trace = this.#traces.get(traceId);
    if (trace === undefined) {
      this.#receive([span]);
      return;
    }
    trace.running.delete(spanId);
    trace.finished.push(span);
    trace.isAsync ||= ASYNC_KINDS.has(span.kind);
    if (trace.finished.length === MAX_SPANS) this.#handOver(trace);
    else if (trace.isAsync) this.#waitForMore(traceId, trace);
    else if (trace.running.size === 0) this.#close(traceId, trace);
    else if (isLocalRoot(span, trace))
      trace.grace ??= setTimeout(() => this.#handOver(trace), GRACE_MS).unref();
  }

  /** Hands over the spans that have ended so far. Call it once more when the process ends. */
  flush(): void {
    for (const trace of this.#traces.values()) this.#handOver(trace);
  }

  async forceFlush(): Promise<void> {
    this.flush();
  }

  async shutdown(): Promise<void> {
    this.flush();
  }

  #open(traceId: string): Trace {
    const known = this.#traces.get(traceId);
    if (known !== undefined) return known;
    const [oldest] = this.#traces;
    if (oldest !== undefined && this.#traces.size === MAX_TRACES) this.#close(...oldest);
    const trace: Trace = { finished: [], running: new Set(), isAsync: false, grace: undefined };
    this.#traces.set(traceId, trace);
    return trace;
  }

  #waitForMore(traceId: string, trace: Trace): void {
    clearTimeout(trace.grace);
    trace.grace = setTimeout(() => {
      if (trace.running.size === 0) this.#close(traceId, trace);
      else this.#handOver(trace);
    }, QUIET_MS).unref();
  }

  #close(traceId: string, trace: Trace): void {
    this.#traces.delete(traceId);
    this.#handOver(trace);
  }

  #handOver(trace: Trace): void {
    clearTimeout(trace.grace);
    trace.grace = undefined;
    const spans = trace.finished.splice(0);
    if (spans.length > 0) this.#receive(spans);
  }
}

const ASYNC_KINDS: ReadonlySet<SpanKind> = new Set([SpanKind.PRODUCER, SpanKind.CONSUMER]);

/** The span by which the trace entered this process. A service that calls itself enters it once. */
function isLocalRoot({ parentSpanContext: parent }: ReadableSpan, { running }: Trace): boolean {
  return parent === undefined || (parent.isRemote === true && !running.has(parent.spanId));
}

import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { isSampled } from '../traces/sampled.js';
import { drawTrace } from './trace-tree.js';

export interface ConsoleOptions {
  /** Whether to write in colours; by default if stdout is a terminal. */
  readonly colour?: boolean | undefined;
  /** Writes the text; to stdout by default. */
  readonly write?: (text: string) => void;
}

const STDOUT = 1;
/** How long a trace waits for spans that outlive its local root. */
const GRACE_MS = 100;
/** Longer than the grace, because a consumer may pick up the work only later. */
const QUIET_MS = 2_000;
const MAX_TRACES = 100;
const MAX_SPANS = 1_000;

interface Trace {
  readonly finished: ReadableSpan[];
  /** How many spans have started and not ended. */
  running: number;
  /** Whether it contains producers or consumers, so that more spans may follow later. */
  isAsync: boolean;
  grace: NodeJS.Timeout | undefined;
}

/**
 * Prints each trace as a tree for people to read: when all its spans in this process have ended, or shortly after its
 * local root has ended. Spans that end later are printed as another tree. A trace with producers or consumers is
 * printed when none of its spans has ended for two seconds. Memory is bounded: if there are too many traces, the oldest
 * is printed, and a trace with too many spans is printed in parts.
 */
export class ConsoleSpanProcessor implements SpanProcessor {
  readonly #colour: boolean;
  readonly #write: (text: string) => void;
  readonly #traces = new Map<string, Trace>();

  constructor({ colour = isatty(STDOUT), write = writeToStdout }: ConsoleOptions) {
    this.#colour = colour;
    this.#write = write;
  }

  onStart(span: Span): void {
    const context = span.spanContext();
    if (isSampled(context)) this.#open(context.traceId).running += 1;
  }

  onEnd(span: ReadableSpan): void {
    const context = span.spanContext();
    if (!isSampled(context)) return;
    const { traceId } = context;
    const trace = this.#traces.get(traceId);
    if (trace === undefined) {
      this.#show([span]);
      return;
    }
    trace.running -= 1;
    trace.finished.push(span);
    trace.isAsync ||= ASYNC_KINDS.has(span.kind);
    if (trace.finished.length === MAX_SPANS) this.#print(trace);
    else if (trace.isAsync) this.#waitForMore(traceId, trace);
    else if (trace.running === 0) this.#close(traceId, trace);
    else if (isLocalRoot(span)) trace.grace ??= setTimeout(() => this.#print(trace), GRACE_MS).unref();
  }

  /** Prints the spans that have ended so far. Call it once more when the process ends. */
  flush(): void {
    for (const trace of this.#traces.values()) this.#print(trace);
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
    const trace: Trace = { finished: [], running: 0, isAsync: false, grace: undefined };
    this.#traces.set(traceId, trace);
    return trace;
  }

  #waitForMore(traceId: string, trace: Trace): void {
    clearTimeout(trace.grace);
    trace.grace = setTimeout(() => {
      if (trace.running === 0) this.#close(traceId, trace);
      else this.#print(trace);
    }, QUIET_MS).unref();
  }

  #close(traceId: string, trace: Trace): void {
    this.#traces.delete(traceId);
    this.#print(trace);
  }

  #print(trace: Trace): void {
    clearTimeout(trace.grace);
    trace.grace = undefined;
    this.#show(trace.finished.splice(0));
  }

  #show(spans: readonly ReadableSpan[]): void {
    if (spans.length > 0) this.#write(drawTrace(spans, this.#colour));
  }
}

const ASYNC_KINDS: ReadonlySet<SpanKind> = new Set([SpanKind.PRODUCER, SpanKind.CONSUMER]);

/** The span by which the trace entered this process. */
function isLocalRoot({ parentSpanContext: parent }: ReadableSpan): boolean {
  return parent === undefined || parent.isRemote === true;
}

function writeToStdout(text: string): void {
  try {
    writeSync(STDOUT, text);
  } catch {
    // stdout is closed or full, so the trace is not shown.
  }
}

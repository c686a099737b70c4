import { type Context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type {
  CallStart,
  CallSystem,
  Calls,
  EndedCall,
  Gauge,
  IncomingHeaders,
  OutgoingHeaders,
} from '../instrumentation.js';
import { log, reason } from '../log.js';
import { privateField } from '../patching/private-field.js';
import { callIn, isIncoming, notRecorded, TrackedCall } from './call.js';
import { contexts, runInContext } from './context.js';
import type { CallObserver } from './observer.js';
import { OpenCalls } from './open-calls.js';
import { isOwn, isOwnTraffic } from './own-traffic.js';

export interface CallsOptions {
  /** In order: an observer sees what the ones before it have set. */
  readonly observers: readonly CallObserver[];
  /** The operations that keep their name, by system; any other is `_OTHER` until the call is named by it. */
  readonly knownOperations: Readonly<Partial<Record<CallSystem, readonly string[]>>>;
  /** Whether the deadline of a call bounds the calls made inside it. */
  readonly propagateDeadlines?: boolean;
  /** Takes the gauges of the instrumentations. */
  readonly addGauge?: (gauge: Gauge) => void;
  /** Runs what the instrumentations want to poll of services. */
  readonly poll?: (what: string, task: () => Promise<void>) => void;
  /** Takes the pages of metrics that libraries serve themselves. */
  readonly addScrapedPage?: (url: string) => void;
}

export interface CallRegistry extends Calls {
  /** Ends all open calls because the process ends now; `error` is what ends it, if anything. */
  endAll(error?: unknown): void;
}

export function createCalls({
  observers,
  knownOperations,
  propagateDeadlines,
  addGauge = () => {},
  addScrapedPage,
  poll = () => {},
}: CallsOptions): CallRegistry {
  const known = new Map(Object.entries(knownOperations).map(([system, names]) => [system, new Set(names)]));
  const headersRead = propagation.fields();
  const calls = privateField<TrackedCall>();
  const open = new OpenCalls<TrackedCall>();
  const isKnown = ({ system, operation }: CallStart): boolean => known.get(system)?.has(operation) ?? false;

  return {
    open(start) {
      const active = contexts.active();
      if (active !== ROOT_CONTEXT && isCovered(active, start.system)) return undefined;
      try {
        const call = new TrackedCall(start, isKnown(start), observers, open);
        // What arrives begins its own tree: what was current when its server was created is not its parent.
        call.begin(isIncoming(start.kind) ? parentIn(start.received, headersRead) : active);
        if (start.outgoing !== undefined) inject(call.context, start.outgoing);
        if (start.subjects !== undefined) for (const subject of start.subjects) calls.set(subject, call);
        return call;
      } catch (error) {
        notRecorded(error);
        return undefined;
      }
    },
    record(start, past, outcome) {
      try {
        const call = new TrackedCall(start, isKnown(start), observers, open, past);
        call.begin(parentOf(past));
        call.end(outcome);
      } catch (error) {
        notRecorded(error);
      }
    },
    of: calls.get,
    forget: calls.clear,
    get current() {
      return currentCall();
    },
    get deadline() {
      return propagateDeadlines ? currentCall()?.deadline : undefined;
    },
    bind(fn) {
      const context = contexts.active();
      return (...args) => runInContext(context, fn, undefined, args);
    },
    gauge: addGauge,
    scrapePage: addScrapedPage,
    poll,
    warn: (line) => log.warn(line),
    isOwn,
    endAll(error) {
      for (const call of open.all()) call.abandon(error);
    },
  };
}

/** Whether calls of `system` are no calls of their own here: Redhook's own traffic, or part of the call around. */
function isCovered(context: Context, system: CallSystem): boolean {
  return isOwnTraffic(context) || callIn(context)?.covers === system;
}

/** The parent of what arrives. Most requests bring none, and to see that costs little. */
function parentIn(received: IncomingHeaders | undefined, headersRead: readonly string[]): Context {
  const hasParent = received !== undefined && headersRead.some((name) => received[name] !== undefined);
  return hasParent ? propagation.extract(ROOT_CONTEXT, received) : ROOT_CONTEXT;
}

function parentOf({ traceId, parentSpanId, sampled }: EndedCall): Context {
  if (parentSpanId === undefined) return ROOT_CONTEXT;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentSpanId, traceFlags, isRemote: true });
}

function currentCall(): TrackedCall | undefined {
  return callIn(contexts.active());
}

const SETTER = {
  set(outgoing: OutgoingHeaders, name: string, value: string): void {
    outgoing.set(name, value);
  },
};

function inject(from: Context, outgoing: OutgoingHeaders): void {
  try {
    propagation.inject(from, outgoing, SETTER);
  } catch (error) {
    log.debug(`the trace context was not passed on: ${reason(error)}`);
  }
}

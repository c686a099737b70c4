import { type Context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import type { CallStart, Calls, EndedCall, ExtractCarrier, Gauge, Poll } from '../instrumentation.js';
import { log, reason } from '../log.js';
import { privateField } from '../patching/private-field.js';
import type { CallConvention } from '../semconv/convention.js';
import { callIn, isIncoming, logNotRecorded, TrackedCall } from './call.js';
import { contexts, runInContext } from './context.js';
import { inject } from './inject.js';
import type { CallObserver } from './observer.js';
import { OpenCalls } from './open-calls.js';
import { isOwn, isOwnTraffic } from './own-traffic.js';

export interface CallsOptions {
  /** In order: an observer sees what the ones before it have set. */
  readonly observers: readonly CallObserver[];
  /** The operations that keep their name, by the attribute that holds them. Any other one is `_OTHER`. */
  readonly knownOperations: Readonly<Record<string, readonly string[]>>;
  /** Whether the deadline of a call bounds the calls made inside it. */
  readonly propagateDeadlines?: boolean;
  readonly addGauge?: (gauge: Gauge) => void;
  readonly poll?: Poll;
  readonly addScrapedPage?: (url: string) => void;
}

export interface CallRegistry extends Calls {
  /** Ends all open calls because the process ends now. `error` is what ends it, if anything. */
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
  const known = new Map(
    Object.entries(knownOperations).map(([attribute, names]) => [attribute, new Set(names)]),
  );
  const headersRead = propagation.fields();
  const calls = privateField<TrackedCall>();
  const open = new OpenCalls<TrackedCall>();
  const isKnown = ({ convention, operation = '' }: CallStart): boolean =>
    known.get(convention.operation)?.has(operation) ?? false;

  return {
    open(start) {
      const active = contexts.active();
      if (active !== ROOT_CONTEXT && isSuppressed(active, start.convention)) return undefined;
      try {
        const call = new TrackedCall(start, isKnown(start), observers, open);
        // What arrives begins its own tree: the context in which its server was created is not its parent.
        call.begin(isIncoming(start.kind) ? parentIn(start.extractFrom, headersRead) : active, start);
        if (start.injectInto !== undefined) inject(call.context, start.injectInto);
        if (start.subjects !== undefined) for (const subject of start.subjects) calls.set(subject, call);
        return call;
      } catch (error) {
        logNotRecorded(error);
        return undefined;
      }
    },
    change(call, start) {
      try {
        (call as TrackedCall).change(start, isKnown(start));
      } catch (error) {
        logNotRecorded(error);
      }
    },
    recordEnded(start, ended, outcome) {
      try {
        const call = new TrackedCall(start, isKnown(start), observers, open, ended);
        call.begin(parentOf(ended), start);
        call.end(outcome);
      } catch (error) {
        logNotRecorded(error);
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
      return function (this: unknown, ...args) {
        return runInContext(context, fn, this, args);
      };
    },
    addGauge,
    addScrapedPage,
    poll,
    warn: (line) => log.warn(line),
    isOwn,
    endAll(error) {
      for (const call of open.all()) call.abandon(error);
    },
  };
}

/** Whether a call is not to be observed here: it is Redhook's own traffic, or a part of the call around it. */
function isSuppressed(context: Context, convention: CallConvention): boolean {
  return isOwnTraffic(context) || callIn(context)?.suppresses === convention;
}

/** The remote parent. Most requests bring none, and a look at the headers is cheaper than the propagator. */
function parentIn(carrier: ExtractCarrier | undefined, headersRead: readonly string[]): Context {
  const hasParent = carrier !== undefined && headersRead.some((name) => carrier[name] !== undefined);
  if (!hasParent) return ROOT_CONTEXT;
  try {
    return propagation.extract(ROOT_CONTEXT, carrier);
  } catch (error) {
    // The application may have set a propagator of its own. The call is counted all the same.
    log.debug(`the trace context was not extracted: ${reason(error)}`);
    return ROOT_CONTEXT;
  }
}

function parentOf({ traceId, parentSpanId, sampled, traceState }: EndedCall): Context {
  if (parentSpanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: parentSpanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(traceState !== undefined && { traceState: new TraceState(traceState) }),
  });
}

function currentCall(): TrackedCall | undefined {
  return callIn(contexts.active());
}

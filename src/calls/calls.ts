import { type Context, isSpanContextValid, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import type { CallStart, Calls, EndedCall, ExtractCarrier, Gauge, Poll } from '../instrumentation.js';
import { derived, type Live } from '../live.js';
import { log } from '../log.js';
import { privateField } from '../patching/private-field.js';
import type { CallConvention } from '../semconv/convention.js';
import { callIn, isIncoming, logNotRecorded, TrackedCall } from './call.js';
import { type CapturedHeaders, captureHeaders } from './captured-headers.js';
import { contexts, runInContext } from './context.js';
import { type Extract, extractor, type IncomingContext, readIncoming } from './incoming.js';
import { inject } from './inject.js';
import type { CallObserver } from './observer.js';
import { OpenCalls } from './open-calls.js';
import { asOwnTraffic, isOwn, isOwnTraffic } from './own-traffic.js';
import { trustedHosts } from './trusted-hosts.js';

export interface CallsOptions {
  /** In order: an observer sees what the ones before it have set. */
  readonly observers: readonly CallObserver[];
  /** The operations that keep their name, by the attribute that holds them. Any other one is `_OTHER`. */
  readonly knownOperations: Readonly<Record<string, readonly string[]>>;
  /** Whether the deadline of a call bounds the calls made inside it. */
  readonly propagateDeadlines?: boolean;
  readonly settings?: Live<CallSettings>;
  readonly addGauge?: (gauge: Gauge) => void;
  readonly poll?: Poll;
  readonly addScrapedPage?: (url: string) => void;
}

/** What may change while the process runs. */
export interface CallSettings {
  readonly trust: {
    readonly incoming: IncomingContext;
    /** The hosts that trace context is sent to, as patterns. */
    readonly outgoing: readonly string[];
  };
  readonly capturedHeaders?: CapturedHeaders;
}

const DEFAULTS: CallSettings = { trust: { incoming: 'continue', outgoing: ['*'] } };

export interface CallRegistry extends Calls {
  /** Ends all open calls because the process ends now. `error` is what ends it, if anything. */
  endAll(error?: unknown): void;
}

export function createCalls({
  observers,
  knownOperations,
  propagateDeadlines,
  settings = { current: DEFAULTS },
  addGauge = () => {},
  addScrapedPage,
  poll = () => {},
}: CallsOptions): CallRegistry {
  const known = new Map(
    Object.entries(knownOperations).map(([attribute, names]) => [attribute, new Set(names)]),
  );
  // A consumer, such as an activity of Temporal, gets its work from inside the application.
  const extract = extractor();
  const inside = readIncoming('continue', extract);
  const current = derived(
    () => settings.current,
    ({ trust, capturedHeaders }) => ({
      outside: readIncoming(trust.incoming, extract),
      isTrusted: trustedHosts(trust.outgoing),
      capture: capturedHeaders && captureHeaders(capturedHeaders),
    }),
  );
  const calls = privateField<TrackedCall>();
  const open = new OpenCalls<TrackedCall>();
  const isKnown = ({ convention, operation = '' }: CallStart): boolean =>
    convention.hasOwnOperations ?? known.get(convention.operation)?.has(operation) ?? false;

  return {
    open(start) {
      const active = contexts.active();
      if (active !== ROOT_CONTEXT && isSuppressed(active, start.convention)) return undefined;
      try {
        const { outside, isTrusted, capture } = current();
        const call = new TrackedCall(start, isKnown(start), observers, open);
        // What arrives begins its own tree: the context in which its server was created is not its parent.
        const from = start.kind === 'server' ? outside : inside;
        call.linkTo(from.link?.(start.extractFrom));
        if (start.links !== undefined) linkAll(call, start.links, extract);
        call.begin(isIncoming(start.kind) ? from.parent(start.extractFrom) : active, start);
        if (start.injectInto !== undefined && (isTrusted?.(start.attributes?.['server.address']) ?? true))
          inject(call.context, start.injectInto);
        capture?.ofRequest(call, start);
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
    link(call, headers) {
      try {
        if ((call as TrackedCall).isOpen) linkAll(call as TrackedCall, headers, extract);
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
    get logFields() {
      const span = trace.getSpan(contexts.active())?.spanContext();
      if (span === undefined || !isSpanContextValid(span)) return undefined;
      return {
        trace_id: span.traceId,
        span_id: span.spanId,
        trace_flags: span.traceFlags.toString(16).padStart(2, '0'),
      };
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
    get captureResponse() {
      return current().capture?.ofResponse;
    },
    poll,
    warn: (line) => log.warn(line),
    asOwnTraffic,
    isOwn,
    endAll(error) {
      for (const call of open.all()) call.abandon(error);
    },
  };
}

/**
 * Whether a call is not to be observed here: it is Redhook's own traffic, or a part of the call around it. Each chunk of
 * the bundle has its own copy of a convention, so its name counts.
 */
function isSuppressed(context: Context, { histogram }: CallConvention): boolean {
  return isOwnTraffic(context) || callIn(context)?.suppresses?.histogram === histogram;
}

function linkAll(call: TrackedCall, headers: readonly ExtractCarrier[], extract: Extract): void {
  for (let i = 0; i < headers.length; i += 1) {
    if (call.links?.isFull) {
      call.links.dropped += headers.length - i;
      return;
    }
    call.linkTo(trace.getSpanContext(extract(headers[i])));
  }
}

function parentOf({ traceId, parentSpanId, sampled, traceState }: EndedCall): Context {
  if (traceId === undefined || parentSpanId === undefined) return ROOT_CONTEXT;
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

import {
  type Context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type {
  Attributes,
  AttributeValue,
  Call,
  CallKind,
  CallStart,
  CallSystem,
  Calls,
  Gauge,
  IncomingHeaders,
  Outcome,
  OutgoingHeaders,
  Past,
  Shared,
} from '../instrumentation.js';
import { log, reason } from '../log.js';
import { hiddenField } from '../patching/private-field.js';
import { type CallConvention, conventionOf, OTHER } from '../semconv/convention.js';
import { errorType } from '../semconv/error-type.js';
import { CallContext, callOf, contexts, runInContext } from './context.js';
import { NOWHERE, OpenCalls, type Placed } from './open-calls.js';

/** What is known of a call. Complete and final when the observers' `end` sees it. */
export interface CallRecord {
  readonly kind: CallKind;
  readonly system: CallSystem;
  readonly convention: CallConvention;
  /** False when another telemetry makes its span. */
  readonly traced: boolean;
  /** The operation, bounded: `_OTHER` when it is not a known one. */
  readonly operation: string;
  readonly route: string | undefined;
  /** The labels of RED, which the span tells too. */
  readonly attributes: Attributes;
  /** What only the span tells, known after the call was opened. */
  readonly added: Attributes | undefined;
  /** What RED has counted it under: the same object for all calls with these values. Absent when that is less. */
  labels?: Attributes | undefined;
  /** What the span tells besides. Known as long as the call is opening only. */
  readonly detail: (() => Attributes) | undefined;
  /** What it has in common with the spans of other calls; also known no longer. */
  readonly shared: (() => Shared) | undefined;
  /** Seconds from open to end. */
  readonly duration: number;
  readonly failed: boolean;
  readonly error: unknown;
  /** The span of this call. Absent when spans are not recorded at all. */
  readonly span: Span | undefined;
  /** The times and ids of a call that is told afterwards. */
  readonly past: Past | undefined;
}

/** Watches calls: spans and RED are two of these. */
export interface CallObserver {
  /** Called when a call opens; gives its span. `parent` is the context around the call. */
  start?(call: CallRecord, parent: Context): Span | undefined;
  /** Called once, when the call ends. */
  end(call: CallRecord): void;
}

export interface CallsOptions {
  /** In order: an observer sees what the ones before it have set. */
  readonly observers: readonly CallObserver[];
  /** The operations that keep their name, by system; any other is `_OTHER` until the call is named by it. */
  readonly knownOperations: Readonly<Partial<Record<CallSystem, readonly string[]>>>;
  /** Whether the deadline of a call bounds the calls made inside it. */
  readonly propagateDeadlines?: boolean;
  /** Takes the gauges of the instrumentations. */
  readonly addGauge?: (gauge: Gauge) => void;
  /** Runs what the instrumentations want to ask of services. */
  readonly ask?: (what: string, task: () => Promise<void>) => void;
  /** Takes the pages of metrics that libraries serve themselves. */
  readonly addForeign?: (url: string) => void;
}

export interface CallRegistry extends Calls {
  /** Ends all open calls because the process ends now; `error` is what ends it, if anything. */
  endAll(error?: unknown): void;
}

const OWN = createContextKey('redhook own traffic');
const OWN_CONTEXT = ROOT_CONTEXT.setValue(OWN, true);

const ownServers = new WeakSet<object>();

/** Marks a server as Redhook's own: what it receives is never observed. */
export function markAsOwn(server: object): void {
  ownServers.add(server);
}

export function isOwn(server: object): boolean {
  return ownServers.has(server);
}

/** Runs `fn` so that the requests it makes are known as Redhook's own and never observed. */
export function asOwnTraffic<R>(fn: () => R): R {
  return contexts.with(OWN_CONTEXT, fn);
}

export function createCalls({
  observers,
  knownOperations,
  propagateDeadlines,
  addGauge = () => {},
  addForeign,
  ask = () => {},
}: CallsOptions): CallRegistry {
  const known = new Map(Object.entries(knownOperations).map(([system, names]) => [system, new Set(names)]));
  const headersRead = propagation.fields();
  const calls = hiddenField<TrackedCall>();
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
    foreign: addForeign,
    ask,
    warn: (line) => log.warn(line),
    isOwn,
    endAll(error) {
      for (const call of open.all()) call.abandon(error);
    },
  };
}

/** Whether calls of `system` are no calls of their own here: Redhook's own traffic, or part of the call around. */
function isCovered(context: Context, system: CallSystem): boolean {
  return context.getValue(OWN) === true || callIn(context)?.covers === system;
}

/** The parent of what arrives. Most requests bring none, and to see that costs little. */
function parentIn(received: IncomingHeaders | undefined, headersRead: readonly string[]): Context {
  const hasParent = received !== undefined && headersRead.some((name) => received[name] !== undefined);
  return hasParent ? propagation.extract(ROOT_CONTEXT, received) : ROOT_CONTEXT;
}

function parentOf({ traceId, parentSpanId, sampled }: Past): Context {
  if (parentSpanId === undefined) return ROOT_CONTEXT;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentSpanId, traceFlags, isRemote: true });
}

function isIncoming(kind: CallKind): boolean {
  return kind === 'server' || kind === 'consumer';
}

function currentCall(): TrackedCall | undefined {
  return callIn(contexts.active());
}

function callIn(context: Context): TrackedCall | undefined {
  return callOf(context) as TrackedCall | undefined;
}

class TrackedCall implements Call, CallRecord, Placed {
  readonly kind: CallKind;
  readonly system: CallSystem;
  readonly convention: CallConvention;
  readonly covers: CallSystem | undefined;
  readonly traced: boolean;
  readonly operation: string;
  readonly attributes: Attributes;
  detail: (() => Attributes) | undefined;
  shared: (() => Shared) | undefined;
  added: Attributes | undefined = undefined;
  deadline: number | undefined;
  route: string | undefined;
  code: number | string | undefined;
  duration = 0;
  failed = false;
  error: unknown = undefined;
  span: Span | undefined = undefined;
  context: Context = ROOT_CONTEXT;
  labels: Attributes | undefined = undefined;
  place = NOWHERE;
  readonly past: Past | undefined;
  readonly #asked: string;
  readonly #observers: readonly CallObserver[];
  readonly #open: OpenCalls<TrackedCall>;
  readonly #startedAt = performance.now();

  constructor(
    start: CallStart,
    known: boolean,
    observers: readonly CallObserver[],
    open: OpenCalls<TrackedCall>,
    past?: Past,
  ) {
    this.past = past;
    const convention = conventionOf(start.system, start.kind);
    this.kind = start.kind;
    this.system = start.system;
    this.covers = start.covers;
    this.traced = start.traced ?? true;
    this.convention = convention;
    this.operation = known ? start.operation : OTHER;
    this.route = start.route;
    this.attributes = start.attributes;
    this.detail = start.detail;
    this.shared = start.shared;
    this.deadline = start.deadline;
    this.attributes[convention.operation] = this.operation;
    if (start.route !== undefined) this.attributes[convention.route] = start.route;
    this.#asked = start.operation;
    this.#observers = observers;
    this.#open = open;
  }

  begin(parent: Context): void {
    this.deadline ??= callIn(parent)?.deadline;
    for (const observer of this.#observers) this.span ??= observer.start?.(this, parent);
    this.context = new CallContext(parent, this, this.span);
    // They hold on to the request, and something of the call may live longer than that.
    this.detail = undefined;
    this.shared = undefined;
    this.#open.add(this);
  }

  run<A extends unknown[], R>(fn: (...args: A) => R, thisArg?: unknown, ...args: A): R {
    return runInContext(this.context, fn, thisArg, args);
  }

  name(route: string): void {
    if (this.#isOpen) this.route = route;
  }

  set(attributes: Attributes): void {
    if (!this.#isOpen) return;
    for (const name in attributes) {
      if (name in this.attributes) this.attributes[name] = attributes[name];
      else this.#add(name, attributes[name]);
    }
  }

  answered(code: number | string): void {
    if (this.#isOpen) this.code = code;
  }

  end({ code = this.code, error, errorType: type }: Outcome): void {
    if (!this.#open.delete(this)) return;
    this.code = code;
    const { past } = this;
    const elapsed = past === undefined ? performance.now() - this.#startedAt : past.endedAt - past.startedAt;
    this.duration = elapsed / 1000;
    this.error = error;
    this.failed = error !== undefined || (code !== undefined && this.convention.isFailure(code));
    const { attributes, convention } = this;
    if (code !== undefined) attributes[convention.code] = code;
    if (this.route !== undefined) attributes[convention.route] = this.route;
    if (attributes[convention.operation] === OTHER) this.#add(convention.operationOriginal, this.#asked);
    if (this.failed)
      attributes['error.type'] = type ?? (error === undefined ? String(code ?? OTHER) : errorType(error));
    for (const observer of this.#observers) {
      try {
        observer.end(this);
      } catch (error) {
        notRecorded(error);
      }
    }
  }

  /** The end that comes when the process ends first. A client whose answer had begun has had its answer. */
  abandon(error: unknown): void {
    this.end(!isIncoming(this.kind) && this.code !== undefined ? {} : { error: error ?? 'aborted' });
  }

  get isRecorded(): boolean {
    return this.span?.isRecording() ?? false;
  }

  #add(name: string, value: AttributeValue | undefined): void {
    this.added ??= {};
    this.added[name] = value;
  }

  get #isOpen(): boolean {
    return this.place !== NOWHERE;
  }
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

/** Telemetry that fails is one line on stderr; the application's call goes on without it. */
function notRecorded(error: unknown): void {
  log.error(`a call was not recorded: ${reason(error)}`);
}

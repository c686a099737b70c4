import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import type {
  Attributes,
  AttributeValue,
  Call,
  CallKind,
  CallStart,
  EndedCall,
  Outcome,
} from '../instrumentation.js';
import { log, reason, templateOf } from '../log.js';
import { type CallConvention, OTHER } from '../semconv/convention.js';
import { errorType } from '../semconv/error-type.js';
import { CallContext, callOf, runInContext } from './context.js';
import { Links } from './links.js';
import type { CallObserver, CallRecord } from './observer.js';
import { type Indexed, NOT_OPEN, type OpenCalls } from './open-calls.js';

/** The only implementation of `Call`. Observers see it as the record of the call. */
export class TrackedCall implements Call, CallRecord, Indexed {
  readonly kind: CallKind;
  convention: CallConvention;
  readonly suppresses: CallConvention | undefined;
  readonly traced: boolean;
  operation: string;
  attributes: Attributes;
  spanOnlyAttributes: Attributes | undefined = undefined;
  deadline: number | undefined;
  route: string | undefined;
  code: number | string | undefined;
  duration = 0;
  failed = false;
  error: unknown = undefined;
  span: Span | undefined = undefined;
  links: Links | undefined = undefined;
  messages: number;
  context: Context = ROOT_CONTEXT;
  seriesAttributes: Attributes | undefined = undefined;
  index = NOT_OPEN;
  readonly ended: EndedCall | undefined;
  #originalOperation: string | undefined;
  readonly #observers: readonly CallObserver[];
  readonly #open: OpenCalls<TrackedCall>;
  #around: Context = ROOT_CONTEXT;
  readonly #startedAt = performance.now();

  /** `isKnown`: the operation keeps its name. Otherwise it becomes `_OTHER`. */
  constructor(
    start: CallStart,
    isKnown: boolean,
    observers: readonly CallObserver[],
    open: OpenCalls<TrackedCall>,
    ended?: EndedCall,
  ) {
    const { convention, operation, route } = start;
    this.ended = ended;
    this.kind = start.kind;
    this.suppresses = start.suppresses;
    this.traced = start.traced ?? true;
    this.convention = convention;
    this.operation = operationOf(start, isKnown);
    this.route = route;
    this.attributes = attributesOf(start, this.operation);
    this.deadline = start.deadline;
    this.messages = start.messages ?? 1;
    if (route !== undefined) this.attributes[convention.route] = route;
    this.#originalOperation = operation;
    this.#observers = observers;
    this.#open = open;
  }

  begin(parent: Context, start: CallStart): void {
    this.deadline ??= callIn(parent)?.deadline;
    for (const observer of this.#observers) this.span ??= observer.start?.(this, parent, start);
    this.#around = parent;
    this.context = new CallContext(parent, this, this.span);
    this.#open.add(this);
  }

  change(start: CallStart, isKnown: boolean): void {
    if (!this.isOpen) return;
    this.convention = start.convention;
    this.operation = operationOf(start, isKnown);
    this.#originalOperation = start.operation;
    this.attributes = attributesOf(start, this.operation);
    if (this.isRecorded) this.set({ ...start.sharedAttributes?.(), ...start.spanAttributes?.() });
  }

  linkTo(span: SpanContext | undefined): void {
    if (span === undefined || !isSpanContextValid(span)) return;
    this.links ??= new Links();
    this.links.add(span);
  }

  run<A extends unknown[], R>(fn: (...args: A) => R, thisArg?: unknown, ...args: A): R {
    return runInContext(this.context, fn, thisArg, args);
  }

  runOutside<A extends unknown[], R>(fn: (...args: A) => R, thisArg?: unknown, ...args: A): R {
    return runInContext(this.#around, fn, thisArg, args);
  }

  name(route: string | undefined): void {
    if (this.isOpen) this.route = route;
  }

  set(attributes: Attributes): void {
    if (!this.isOpen) return;
    for (const name in attributes) {
      if (!Object.hasOwn(attributes, name)) continue;
      if (Object.hasOwn(this.attributes, name)) this.attributes[name] = attributes[name];
      else this.#addToSpan(name, attributes[name]);
    }
  }

  answered(code: number | string): void {
    if (this.isOpen) this.code = code;
  }

  fail(error: unknown): void {
    if (this.isOpen) this.error ??= error ?? String(error);
  }

  end(outcome: Outcome): void {
    if (!this.#open.delete(this)) return;
    try {
      this.#settle(outcome);
    } catch (error) {
      // It is counted with what is known.
      logNotRecorded(error);
    }
    for (const observer of this.#observers) {
      try {
        observer.end(this);
      } catch (error) {
        logNotRecorded(error);
      }
    }
  }

  #settle({
    code = this.code,
    error = this.error,
    errorType: type,
    messages = this.messages,
  }: Outcome): void {
    this.messages = messages;
    this.code = code;
    const { ended } = this;
    // Times that a library has measured may run backwards when the clock is set.
    const elapsed =
      ended === undefined
        ? performance.now() - this.#startedAt
        : Math.max(0, ended.endedAt - ended.startedAt);
    this.duration = elapsed / 1000;
    this.error = error;
    this.failed = error !== undefined || (code !== undefined && this.convention.isFailure(code));
    const { attributes, convention } = this;
    if (code !== undefined && convention.code !== undefined) attributes[convention.code] = code;
    if (this.route !== undefined) attributes[convention.route] = this.route;
    if (convention.operationOriginal !== undefined && attributes[convention.operation] === OTHER)
      this.#addToSpan(convention.operationOriginal, this.#originalOperation);
    if (this.failed)
      attributes['error.type'] = type ?? (error === undefined ? String(code ?? OTHER) : errorType(error));
  }

  /** Ends the call because the process ends first. A client call keeps a status that has arrived; others fail. */
  abandon(error: unknown): void {
    this.end(!isIncoming(this.kind) && this.code !== undefined ? {} : { error: error ?? 'aborted' });
  }

  get isRecorded(): boolean {
    return this.span?.isRecording() ?? false;
  }

  #addToSpan(name: string, value: AttributeValue | undefined): void {
    this.spanOnlyAttributes ??= {};
    this.spanOnlyAttributes[name] = value;
  }

  get isOpen(): boolean {
    return this.index !== NOT_OPEN;
  }
}

function operationOf({ operation }: CallStart, isKnown: boolean): string {
  return operation !== undefined && isKnown ? operation : OTHER;
}

function attributesOf({ convention, attributes }: CallStart, operation: string): Attributes {
  const all: Attributes = { ...convention.placeholders, ...attributes };
  all[convention.operation] = operation;
  return all;
}

/** The call that `context` is inside, if any. */
export function callIn(context: Context): TrackedCall | undefined {
  return callOf(context) as TrackedCall | undefined;
}

/** The context of the code that `call` runs. */
export function contextOf(call: Call): Context {
  return (call as TrackedCall).context;
}

export function isIncoming(kind: CallKind): boolean {
  return kind === 'server' || kind === 'consumer';
}

/** Logs a fault of our own. The application's call goes on without telemetry. */
export function logNotRecorded(error: unknown): void {
  const line = `a call was not recorded: ${reason(error)}`;
  log.error(line, templateOf(line));
}

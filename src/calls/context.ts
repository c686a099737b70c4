import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** Under this key `trace.getSpan` of the API looks for the current span. */
const SPAN = createContextKey('OpenTelemetry Context Key SPAN');
const CALL = createContextKey('redhook call');

/** Carries contexts along; the application's own use of `@opentelemetry/api` goes through it too. */
export const contexts = new AsyncLocalStorageContextManager();

/** Where that manager keeps the current context, for a channel of Node that enters a context by itself. */
export const contextStorage = contexts['_asyncLocalStorage'];

/** Runs `fn` inside `context`, with its `this` and arguments. Returns and throws what `fn` does. */
export function runInContext<A extends unknown[], R>(
  context: Context,
  fn: (...args: A) => R,
  thisArg: unknown,
  args: A,
): R {
  // Given a `this`, the manager would bind a function for each run.
  return contexts.with(context, Reflect.apply, undefined, fn, thisArg, args) as R;
}

/** The call that `context` is inside, if any. */
export function callOf(context: Context): object | undefined {
  return context.getValue(CALL) as object | undefined;
}

/** The inside of a call: what holds around it, and the call with its span. */
export class CallContext implements Context {
  readonly #parent: Context;
  readonly #call: object;
  readonly #span: Span | undefined;

  /** Without a `span` of its own it is inside the span around it. */
  constructor(parent: Context, call: object, span: Span | undefined) {
    this.#parent = parent;
    this.#call = call;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    if (key === CALL) return this.#call;
    if (key === SPAN && this.#span !== undefined) return this.#span;
    return this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new ValueContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new ValueContext(this, key, undefined);
  }
}

class ValueContext implements Context {
  readonly #parent: Context;
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(parent: Context, key: symbol, value: unknown) {
    this.#parent = parent;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new ValueContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new ValueContext(this, key, undefined);
  }
}

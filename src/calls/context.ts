import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** The key under which `trace.getSpan` of the API looks up the current span. */
const SPAN = createContextKey('OpenTelemetry Context Key SPAN');
const CALL = createContextKey('redhook call');

/** The context manager. The application's own use of `@opentelemetry/api` goes through it too. */
export const contexts = new AsyncLocalStorageContextManager();

/** Where the manager keeps the current context. `bindStore` of Node's channels enters contexts through it. */
export const contextStorage = contexts['_asyncLocalStorage'];

/** Runs `fn` inside `context`, with its `this` and arguments. Returns and throws what `fn` does. */
export function runInContext<A extends unknown[], R>(
  context: Context,
  fn: (...args: A) => R,
  thisArg: unknown,
  args: A,
): R {
  // The manager would bind a new function on every run that has a `this`, and iterate over the arguments.
  return contextStorage.run(context, Reflect.apply, fn, thisArg, args) as R;
}

/** The call that `context` is inside, if any. */
export function callOf(context: Context): object | undefined {
  return context.getValue(CALL) as object | undefined;
}

/** The context inside a call: the context around it, plus the call and its span. */
export class CallContext implements Context {
  readonly #parent: Context;
  readonly #call: object;
  readonly #span: Span | undefined;

  /** Without a `span`, the span of `parent` stays the current one. */
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

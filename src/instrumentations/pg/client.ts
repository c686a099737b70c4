import type { Call, Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { privateField } from '../../patching/private-field.js';
import { propertyOf } from '../../semconv/property.js';
import { bindCallback } from './bind-callback.js';
import { type Database, openCall, outcomeOf } from './call.js';

interface ClientClass {
  readonly prototype: object;
  readonly Query: { readonly prototype: Query };
}

/** A query of pg, or a submittable of another package, which has the same handlers. */
interface Query {
  /** The cursor of a stream. */
  readonly cursor?: object;
  readonly _canceledDueToError?: unknown;
  readonly native?: { readonly pq: { resultErrorFields(): { sqlState?: string; severity?: string } } };
  listenerCount?(event: string): number;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
type QueryMethod = (this: Database, config: unknown, values: unknown, callback: unknown) => unknown;

const callsOf = privateField<Call>();
/** The call whose query object `query` is about to create. */
let creating: Call | undefined;
/** The call of a pool's query, which the client is about to be asked. */
let pooled: Call | undefined;
const prototypes = new WeakSet<object>();

/** Runs `fn`, in which a pool asks a client, so that the client takes this call. */
export function askClient<R>(call: Call, fn: () => R): R {
  pooled = call;
  try {
    return fn();
  } finally {
    pooled = undefined;
  }
}

/** Whether the clients of a pool take calls. The application may have given it a class of its own. */
export function takesCalls(prototype: unknown): boolean {
  for (let at = prototype; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at))
    if (prototypes.has(at)) return true;
  return false;
}

/**
 * A promise of pg is left alone, because Node must see whether anybody handles its rejection. Instead the end is seen at the
 * query object: pg runs its handlers, however the application wants to be told.
 */
export function observeClient(Client: ClientClass, calls: Calls, guard: Guard): void {
  const observeHandlers = handlerObserver(calls, guard);
  observeHandlers(Client.Query.prototype);
  noteCreation(Client.Query.prototype, (callback) => callback, guard);
  observeQueries(Client.prototype, observeHandlers, calls, guard);
}

/** The native client tells a query of its end by events, and then calls back from libuv. */
export function observeNativeClient(Client: ClientClass, calls: Calls, guard: Guard): void {
  const fail = guard((query: Query, error: unknown) => {
    const fields = query.native?.pq.resultErrorFields();
    const isOfServer = propertyOf(error, 'severity') === undefined && fields?.sqlState !== undefined;
    callsOf
      .get(query)
      ?.end(outcomeOf(isOfServer ? { code: fields.sqlState, severity: fields.severity } : error));
  });
  const end = guard((query: Query) => callsOf.get(query)?.end({}));
  const { prototype } = Client.Query;
  patch<Method>(
    prototype,
    'handleError',
    (handleError) =>
      function (...args) {
        fail(this as Query, args[0]);
        return handleError.apply(this, args);
      },
  );
  patch<Method>(
    prototype,
    'emit',
    (emit) =>
      function (...args) {
        if (args[0] === 'end') end(this as Query);
        return emit.apply(this, args);
      },
  );
  const bind = (callback: unknown): unknown =>
    typeof callback === 'function' ? calls.bind(callback as Method) : callback;
  noteCreation(prototype, bind, guard);
  observeQueries(Client.prototype, () => {}, calls, guard);
}

function observeQueries(
  prototype: object,
  observeHandlers: (query: object) => void,
  calls: Calls,
  guard: Guard,
): void {
  const open = guard((client: Database, config: unknown): Call | undefined => {
    const call = pooled ?? openCall(config, client, calls);
    pooled = undefined;
    if (call !== undefined && isSubmittable(config)) {
      callsOf.set(config, call);
      observeHandlers(config);
    }
    return call;
  });
  const fail = guard((call: Call, error: unknown) => call.end(outcomeOf(error)));
  prototypes.add(prototype);
  patch<QueryMethod>(
    prototype,
    'query',
    (query) =>
      function (config, values, callback) {
        const call = open(this, config);
        if (call === undefined) return query.call(this, config, values, callback);
        creating = isSubmittable(config) ? undefined : call;
        try {
          return query.call(this, config, values, callback);
        } catch (error) {
          fail(call, error);
          throw error;
        } finally {
          creating = undefined;
        }
      },
  );
}

function isSubmittable(config: unknown): config is object {
  return typeof propertyOf(config, 'submit') === 'function';
}

/**
 * The constructor of a query sets its callback. An accessor of the prototype sees that, and leaves the property that pg
 * meant to set. No other moment brings together the query of a text and its call.
 */
function noteCreation(prototype: object, wrap: (callback: unknown) => unknown, guard: Guard): void {
  const note = guard((query: object, callback: unknown): unknown => {
    if (creating === undefined) return callback;
    // Without a callback pg sets one for its promise a moment later.
    callsOf.set(query, creating);
    return wrap(callback);
  });
  Object.defineProperty(prototype, 'callback', {
    set(this: object, callback: unknown) {
      const value = note(this, callback) ?? callback;
      Object.defineProperty(this, 'callback', {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
    configurable: true,
  });
}

/** Returns what observes the handlers of a query, those of a prototype once. */
function handlerObserver(calls: Calls, guard: Guard): (query: Query) => void {
  const observed = new WeakSet<object>();
  const end = guard((query: Query, error: unknown): Call | undefined => {
    const call = callsOf.get(query);
    call?.end(outcomeOf(error));
    return call;
  });
  const handlers: Record<string, (query: Query, argument: unknown) => Call | undefined> = {
    handleError: end,
    // A row that pg cannot parse makes an error of what the database has answered.
    handleReadyForQuery: (query) => end(query, query._canceledDueToError || undefined),
    handleDataRow: (query) => (query.listenerCount?.('row') ? callsOf.get(query) : undefined),
  };

  /** Handlers run in the context of the connection, which another request may have opened. */
  function observeHandler(query: object, name: string): void {
    const before = handlers[name] as (typeof handlers)[string];
    patch<Method>(
      ownerOf(query, name) ?? query,
      name,
      (handler) =>
        function (...args) {
          const call = before(this as Query, args[0]);
          return call === undefined ? handler.apply(this, args) : call.runOutside(handler, this, ...args);
        },
    );
  }

  return (query) => {
    const owner = ownerOf(query, 'handleError');
    if (owner === undefined || observed.has(owner)) return;
    observed.add(owner);
    for (const name of Object.keys(handlers)) if (name in query) observeHandler(query, name);
    const cursor = query.cursor ?? query;
    const readable = ownerOf(cursor, 'read');
    if (!('close' in cursor) || readable === undefined || observed.has(readable)) return;
    observed.add(readable);
    bindCallback(readable, 'read', 1, calls);
    bindCallback(readable, 'close', 0, calls);
  };
}

/** The object itself or the prototype that has the method. */
function ownerOf(object: object, name: string): object | undefined {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at))
    if (Object.hasOwn(at, name)) return at;
  return undefined;
}

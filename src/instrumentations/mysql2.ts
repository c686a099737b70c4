import { type EventEmitter, errorMonitor } from 'node:events';
import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { DB_CLIENT } from '../semconv/db.js';
import { type MysqlConfig, mysqlCall, mysqlLabels, mysqlOutcome } from '../semconv/mysql.js';
import { propertyOf } from '../semconv/property.js';

const VERSIONS = '^3.0.0';

/**
 * Queries of mysql2 3: by callback, promise or events, prepared or not. The channels of mysql2 are not used: while somebody
 * listens to them, a query that fails and has no callback is silent, where it ends the process otherwise. A query of a
 * pool is one call, with the time that it waits for a connection.
 */
export const mysql2: Instrumentation = {
  name: 'mysql2',
  observes: 'Queries and prepared statements of mysql2 3, by connections and pools',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: 'mysql2',
      versions: VERSIONS,
      file: 'lib/base/connection.js',
      attach: (Connection, calls, guard) => observeConnection(Connection.prototype, calls, guard),
    },
    {
      package: 'mysql2',
      versions: VERSIONS,
      file: 'lib/base/pool.js',
      attach: (Pool, calls, guard) => observePool(Pool.prototype, calls, guard),
    },
    // Earlier versions have no classes below these.
    {
      package: 'mysql2',
      versions: VERSIONS,
      file: 'lib/connection.js',
      attach({ prototype }, calls, guard) {
        if (Object.hasOwn(prototype, 'query')) observeConnection(prototype, calls, guard);
      },
    },
    {
      package: 'mysql2',
      versions: VERSIONS,
      file: 'lib/pool.js',
      attach({ prototype }, calls, guard) {
        if (Object.hasOwn(prototype, 'query')) observePool(prototype, calls, guard);
      },
    },
  ],
};

interface Connection {
  readonly config: MysqlConfig;
  readonly _command?: Command;
  readonly _commands?: { toArray(): Command[] };
}

interface Pool {
  readonly config: { readonly connectionConfig: MysqlConfig };
}

/** What mysql2 returns of a query. With a callback it calls that alone, else it emits events. */
interface Command extends EventEmitter {
  onResult?: unknown;
  readonly statement?: { readonly query?: unknown };
}

type Callback = (this: unknown, ...args: unknown[]) => unknown;
type Method<T> = (this: T, ...args: unknown[]) => unknown;

const callsOf = privateField<Call>();

/** The call of the query for which a pool is about to get a connection, and then about to ask it. */
let connecting: Call | undefined;
let pooled: Call | undefined;
/** `query` or `execute` runs, and adds commands. */
let isAsking = false;

function observeConnection(prototype: object, calls: Calls, guard: Guard): void {
  const end = guard((call: Call, error: unknown) => call.end(mysqlOutcome(error)));
  const open = guard((connection: Connection, sql: unknown): Call | undefined => {
    const known = pooled ?? callsOf.get(sql);
    pooled = undefined;
    if (known === undefined) return calls.open(mysqlCall(sql, connection.config));
    known.set(mysqlLabels(connection.config));
    return undefined;
  });
  for (const name of ['query', 'execute'])
    patch<Method<Connection>>(
      prototype,
      name,
      (method) =>
        function (...args) {
          const call = open(this, args[0]);
          const before = isAsking;
          isAsking = true;
          try {
            return call === undefined ? method.apply(this, args) : ask(call, end, method, this, args);
          } finally {
            isAsking = before;
          }
        },
    );

  // A prepared statement adds its command itself.
  const openPrepared = guard((connection: Connection, command: Command) => {
    const sql = isAsking ? undefined : command.statement?.query;
    if (typeof sql !== 'string') return;
    const call = calls.open(mysqlCall(sql, connection.config));
    if (call === undefined) return;
    if (typeof command.onResult === 'function')
      command.onResult = endingCallback(call, end, command.onResult as Callback);
    else endWithEvents(command, call, end);
  });
  patch<Method<Connection>>(
    prototype,
    'addCommand',
    (addCommand) =>
      function (command, ...rest) {
        openPrepared(this, command as Command);
        return addCommand.call(this, command, ...rest);
      },
  );

  // A command without a callback is not told that the connection is gone.
  const failAll = guard((connection: Connection, error: unknown) => {
    for (const command of [connection._command, ...(connection._commands?.toArray() ?? [])])
      callsOf.get(command)?.end(mysqlOutcome(error));
  });
  patch<Method<Connection>>(
    prototype,
    '_notifyError',
    (notifyError) =>
      function (...args) {
        failAll(this, args[0]);
        return notifyError.apply(this, args);
      },
  );
}

function observePool(prototype: object, calls: Calls, guard: Guard): void {
  const end = guard((call: Call, error: unknown) => call.end(mysqlOutcome(error)));
  const open = guard((pool: Pool, sql: unknown) => calls.open(mysqlCall(sql, pool.config.connectionConfig)));
  for (const name of ['query', 'execute'])
    patch<Method<Pool>>(
      prototype,
      name,
      (method) =>
        function (...args) {
          const call = open(this, args[0]);
          if (call === undefined) return method.apply(this, args);
          connecting = call;
          try {
            return ask(call, end, method, this, args);
          } finally {
            connecting = undefined;
          }
        },
    );
  // A pool that is used up calls back where another query has ended.
  patch<Method<Pool>>(
    prototype,
    'getConnection',
    (getConnection) =>
      function (...args) {
        const call = connecting;
        connecting = undefined;
        const [callback] = args;
        if (typeof callback === 'function') args[0] = calls.bind(asking(call, callback as Callback));
        return getConnection.apply(this, args);
      },
  );
}

/** The connection takes this call. */
function asking(call: Call | undefined, callback: Callback): Callback {
  if (call === undefined) return callback;
  return function (...args) {
    pooled = args[0] ? undefined : call;
    try {
      return callback.apply(this, args);
    } finally {
      pooled = undefined;
    }
  };
}

type End = (call: Call, error: unknown) => void;

/** Runs `method` with these arguments, of which the callback, if there is one, ends the call. */
function ask<T>(call: Call, end: End, method: Method<T>, self: T, args: unknown[]): unknown {
  const at = typeof args[1] === 'function' ? 1 : typeof args[2] === 'function' ? 2 : -1;
  // The application may have created the query object itself.
  const created =
    at === -1 && typeof propertyOf(args[0], 'onResult') === 'function' ? (args[0] as Command) : undefined;
  if (created !== undefined) created.onResult = endingCallback(call, end, created.onResult as Callback);
  else if (at !== -1) args[at] = endingCallback(call, end, args[at] as Callback);
  try {
    const command = method.apply(self, args);
    if (typeof command === 'object' && command !== null) {
      callsOf.set(command, call);
      if (at === -1 && created === undefined) endWithEvents(command as Command, call, end);
    }
    return command;
  } catch (error) {
    end(call, error);
    throw error;
  }
}

function endingCallback(call: Call, end: End, callback: Callback): Callback {
  return function (...args) {
    end(call, args[0]);
    return call.runOutside(callback, this, ...args);
  };
}

/** By an event that makes nobody believe that the error is handled. */
function endWithEvents(command: Command, call: Call, end: End): void {
  callsOf.set(command, call);
  command.once(errorMonitor, (error: unknown) => end(call, error)).once('end', () => end(call, undefined));
}

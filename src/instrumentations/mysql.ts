import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { DB_CLIENT } from '../semconv/db.js';
import { type MysqlConfig, mysqlCall, mysqlLabels, mysqlOutcome } from '../semconv/mysql.js';

const VERSIONS = '^2.0.0';

/**
 * Queries of mysql 2: by callback or events, of connections, pools and clusters of pools. A query of a pool is one call,
 * with the time that it waits for a connection.
 */
export const mysql: Instrumentation = {
  name: 'mysql',
  observes: 'Queries of mysql 2, by connections and pools',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: 'mysql',
      versions: VERSIONS,
      file: 'lib/Connection.js',
      attach: ({ prototype }, calls, guard) => observeQueries<Connection>(prototype, configOf, calls, guard),
    },
    {
      package: 'mysql',
      versions: VERSIONS,
      file: 'lib/Pool.js',
      attach: ({ prototype }, calls, guard) => observeQueries<Pool>(prototype, configOfPool, calls, guard),
    },
    {
      package: 'mysql',
      versions: VERSIONS,
      file: 'lib/protocol/sequences/Sequence.js',
      attach: ({ prototype }, _calls, guard) => endWithSequences(prototype, guard),
    },
  ],
};

interface Connection {
  readonly config: MysqlConfig;
}

interface Pool {
  readonly config: { readonly connectionConfig: MysqlConfig };
}

function configOf({ config }: Connection): MysqlConfig {
  return config;
}

function configOfPool({ config }: Pool): MysqlConfig {
  return config.connectionConfig;
}

/** What runs over a connection, such as a query. A pool passes its query on to a connection. */
interface Sequence {
  _callback?: unknown;
}

type Callback = (this: unknown, ...args: unknown[]) => unknown;
type Query<T> = (this: T, sql: unknown, ...rest: unknown[]) => Sequence;
type End = (this: Sequence, ...args: unknown[]) => void;

const callsOf = privateField<Call>();

function observeQueries<T>(
  prototype: object,
  config: (asked: T) => MysqlConfig,
  calls: Calls,
  guard: Guard,
): void {
  const open = guard((asked: T, sql: unknown) => {
    const known = callsOf.get(sql);
    if (known === undefined) return calls.open(mysqlCall(sql, config(asked)));
    known.set(mysqlLabels(config(asked)));
    return undefined;
  });
  const watch = guard((sequence: Sequence, call: Call) => {
    callsOf.set(sequence, call);
    const { _callback } = sequence;
    if (typeof _callback === 'function') sequence._callback = calls.bind(_callback as Callback);
  });
  const fail = guard((call: Call, error: unknown) => call.end(mysqlOutcome(error)));
  patch<Query<T>>(
    prototype,
    'query',
    (query) =>
      function (sql, ...rest) {
        const call = open(this, sql);
        if (call === undefined) return query.call(this, sql, ...rest);
        try {
          const sequence = query.call(this, sql, ...rest);
          watch(sequence, call);
          return sequence;
        } catch (error) {
          fail(call, error);
          throw error;
        }
      },
  );
}

/** Every way to end a query leads here: its answer, an error, a time-out, the loss of the connection. */
function endWithSequences(prototype: object, guard: Guard): void {
  const settle = guard((sequence: Sequence, error: unknown) =>
    callsOf.get(sequence)?.end(mysqlOutcome(error)),
  );
  patch<End>(
    prototype,
    'end',
    (end) =>
      function (...args) {
        settle(this, args[0]);
        return end.apply(this, args);
      },
  );
}

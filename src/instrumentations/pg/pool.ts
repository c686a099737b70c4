import type { Call, Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { type Database, labelsOf, openCall, outcomeOf } from './call.js';
import { askClient, takesCalls } from './client.js';

interface Pool {
  readonly options?: Database & { readonly connectionString?: string };
  readonly Client?: { readonly prototype: object };
}

type Method = (this: Pool, ...args: unknown[]) => unknown;
type Connected = (this: unknown, error: unknown, client: Database | undefined, ...rest: unknown[]) => unknown;

/** The call of the query for which a pool is about to connect. */
let connecting: Call | undefined;

/** A query of a pool connects, in a callback asks the client, and so is one call from its beginning. */
export function observePool(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((pool: Pool, config: unknown): Call | undefined =>
    typeof config !== 'function' && takesCalls(pool.Client?.prototype)
      ? openCall(config, databaseOf(pool), calls)
      : undefined,
  );
  const connected = guard((call: Call, error: unknown, client: Database | undefined) => {
    if (error) call.end(outcomeOf(error));
    else if (client !== undefined) call.set(labelsOf(client));
  });
  patch<Method>(
    prototype,
    'query',
    (query) =>
      function (...args) {
        connecting = open(this, args[0]);
        try {
          return query.apply(this, args);
        } finally {
          connecting = undefined;
        }
      },
  );
  patch<Method>(
    prototype,
    'connect',
    (connect) =>
      function (...args) {
        const call = connecting;
        connecting = undefined;
        const [callback] = args as [Connected | undefined];
        if (typeof callback !== 'function') return connect.apply(this, args);
        if (call === undefined) args[0] = calls.bind(callback);
        else
          args[0] = calls.bind(function (
            this: unknown,
            error: unknown,
            client?: Database,
            ...rest: unknown[]
          ) {
            connected(call, error, client);
            return askClient(call, () => callback.call(this, error, client, ...rest));
          });
        return connect.apply(this, args);
      },
  );
}

/** Until the pool has a client, its options say where the database is. */
function databaseOf({ options = {} }: Pool): Database {
  const { connectionString } = options;
  const url = connectionString === undefined ? null : URL.parse(connectionString);
  if (url === null) return options;
  return { host: url.hostname, port: url.port || null, database: url.pathname.slice(1) };
}

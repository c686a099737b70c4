import type { Instrumentation } from '../instrumentation.js';
import { DB_CLIENT } from '../semconv/db.js';
import { observeClient, observeNativeClient } from './pg/client.js';
import { observePool } from './pg/pool.js';

/**
 * Queries of `pg` 8 and its native client. A query of a client is a call with the time that it waits in the client's queue.
 * A query of a pool also waits for a client, or fails to get one, and is one call too. A client that the application takes
 * from a pool itself makes calls of its own.
 */
export const pg: Instrumentation = {
  name: 'pg',
  observes: 'Queries of pg 8: clients, pools, cursors and streams, also of the native client',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: 'pg',
      versions: '^8.0.0',
      file: 'lib/client.js',
      attach: (Client, calls, guard) => observeClient(Client, calls, guard),
    },
    {
      package: 'pg',
      versions: '^8.0.0',
      file: 'lib/native/client.js',
      attach: (Client, calls, guard) => observeNativeClient(Client, calls, guard),
    },
    {
      package: 'pg',
      versions: '^8.0.0',
      file: 'lib/index.js',
      exporting: 'Pool',
      // The pool of pg-pool, which pg binds to its client.
      attach: ({ Pool }, calls, guard) => observePool(Object.getPrototypeOf(Pool).prototype, calls, guard),
    },
  ],
};

import type { Instrumentation } from '../instrumentation.js';
import { DB_CLIENT } from '../semconv/db.js';
import { patchMemcached } from '../upstream/memcached.js';

/** Commands of memcached 2, by the instrumentation of OpenTelemetry. Keys are left out. */
export const memcached: Instrumentation = {
  name: 'memcached',
  observes: 'Commands of memcached 2, by the instrumentation of OpenTelemetry',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: 'memcached',
      versions: '^2.2.0',
      file: 'lib/memcached.js',
      attach: patchMemcached,
    },
  ],
};

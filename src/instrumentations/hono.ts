import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

/**
 * Hono 4 on @hono/node-server, as CommonJS and as ES modules. Its routers are given each handler with its path. A handler
 * names the call when it is reached, and takes the name back when it passes the request on.
 */
export const hono: Instrumentation = {
  name: 'hono',
  observes: 'Routes of Hono 4',
  conventions: [],
  targets: [
    { package: 'hono', versions: '^4.0.0', module: 'dist/router/*/router.js', attach: observeRouters },
    {
      package: 'hono',
      versions: '^4.0.0',
      file: 'dist/cjs/router/linear-router/router.js',
      attach: observeRouters,
    },
    {
      package: 'hono',
      versions: '^4.0.0',
      file: 'dist/cjs/router/pattern-router/router.js',
      attach: observeRouters,
    },
    {
      package: 'hono',
      versions: '^4.0.0',
      file: 'dist/cjs/router/reg-exp-router/router.js',
      attach: observeRouters,
    },
    {
      package: 'hono',
      versions: '^4.0.0',
      file: 'dist/cjs/router/trie-router/router.js',
      attach: observeRouters,
    },
  ],
};

interface Context {
  /** What @hono/node-server has put there. `app.request` makes a request that belongs to no call. */
  readonly env?: { readonly incoming?: object & { readonly stream?: object } };
}

type Next = () => Promise<void>;
type Handler = (this: unknown, context: Context, next: Next) => unknown;

interface Route {
  readonly method: string;
  readonly path: string;
}

/** What Hono gives to its router for each handler. */
type Entry = readonly [handler: Handler, route: Route, ...rest: unknown[]];

/** Those that routers hand on to each other, or to themselves for an optional part of the path. */
const observed = new WeakSet<Entry>();

function observeRouters(exports: Record<string, unknown>, calls: Calls, guard: Guard): void {
  // The smart router hands everything on to the others.
  for (const name of ['LinearRouter', 'PatternRouter', 'RegExpRouter', 'TrieRouter']) {
    const Router = exports[name];
    if (typeof Router === 'function') observeRouter(Router.prototype, calls, guard);
  }
}

function observeRouter(prototype: object, calls: Calls, guard: Guard): void {
  const observe = guard((entry: Entry) => observedEntry(entry, calls, guard));
  patch<(this: unknown, method: string, path: string, entry: Entry) => unknown>(
    prototype,
    'add',
    (add) =>
      function (method, path, entry) {
        return add.call(this, method, path, observe(entry) ?? entry);
      },
  );
}

/** The route of an entry keeps the application's own handler, for what looks at the routes. `this` may be the entry. */
function observedEntry(entry: Entry, calls: Calls, guard: Guard): Entry | undefined {
  if (!Array.isArray(entry) || observed.has(entry)) return undefined;
  const [handler, route, ...rest] = entry as Entry;
  if (typeof handler !== 'function' || typeof route?.path !== 'string') return undefined;
  const reached = routeOf(route);
  const name = guard(({ env }: Context, to: string | undefined) => {
    const incoming = env?.incoming;
    if (incoming === undefined) return;
    // Over HTTP/2 the call belongs to the stream.
    (calls.of(incoming) ?? calls.of(incoming.stream as object))?.name(to);
  });
  const holder = { handler };
  patch<Handler>(
    holder,
    'handler',
    () =>
      function (context, next) {
        name(context, reached);
        return handler.call(this === ours ? entry : this, context, () => {
          name(context, undefined);
          return next();
        });
      },
  );
  const ours: Entry = [holder.handler, route, ...rest];
  observed.add(ours);
  return ours;
}

/** Middleware for every path is no route. */
function routeOf({ method, path }: Route): string | undefined {
  return method === 'ALL' && (path === '*' || path === '/*') ? undefined : path;
}

import type { Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';

interface Event {
  /** Absent for requests that belong to no server. */
  readonly runtime?: { readonly node?: { readonly req?: object & { readonly stream?: object } } };
}

interface Found {
  readonly data?: { readonly route?: string };
}

/** On a request: the path at which an application has handed it to another one, which looks for the rest. */
const mounts = privateField<string>();

function withoutRest(route: string): string {
  return route.endsWith('/**') ? route.slice(0, -3) : '';
}

/**
 * h3 2, of which Nitro 3 is made. It looks a route up once for each request, before its middleware. Its tracing channels are
 * silent unless the application adds a plugin.
 */
export const h3: Instrumentation = {
  name: 'h3',
  observes: 'Routes of h3 2',
  conventions: [],
  targets: [
    {
      package: 'h3',
      versions: '^2.0.0',
      module: 'dist/*.mjs',
      attach({ H3 }, calls, guard) {
        if (typeof H3 !== 'function' || !('~findRoute' in H3.prototype)) return;
        const name = guard(({ runtime }: Event, found: Found | undefined) => {
          const request = runtime?.node?.req;
          const route = found?.data?.route;
          if (request === undefined || route === undefined) return;
          const mount = mounts.get(request) ?? '';
          mounts.set(request, mount + withoutRest(route));
          // Over HTTP/2 the call belongs to the stream.
          (calls.of(request) ?? calls.of(request.stream as object))?.name(mount + route);
        });
        patch<(this: unknown, event: Event) => Found | undefined>(
          H3.prototype,
          '~findRoute',
          (findRoute) =>
            function (event) {
              const found = findRoute.call(this, event);
              name(event, found);
              return found;
            },
        );
      },
    },
  ],
};

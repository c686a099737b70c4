import type { Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

interface Request {
  /** Of Node. `server.inject` makes one that belongs to no call. */
  readonly raw: { readonly req: object & { readonly stream?: object } };
  readonly route: { readonly method: string; readonly path: string };
}

/** hapi 20 and 21. It looks a route up once for each request, before authentication and every handler. */
export const hapi: Instrumentation = {
  name: 'hapi',
  observes: 'Routes of hapi 20 and 21',
  conventions: [],
  targets: [
    {
      package: '@hapi/hapi',
      versions: '^20.0.0 || ^21.0.0',
      file: 'lib/request.js',
      attach({ prototype }, calls, guard) {
        const name = guard(({ raw: { req }, route }: Request) => {
          // What is not found, or has an invalid path, is answered by routes of hapi itself.
          if (route.method.startsWith('_')) return;
          // Over HTTP/2 the call belongs to the stream.
          (calls.of(req) ?? calls.of(req.stream as object))?.name(route.path);
        });
        patch<(this: Request) => void>(
          prototype,
          '_lookup',
          (lookup) =>
            function () {
              lookup.call(this);
              name(this);
            },
        );
      },
    },
  ],
};

import type { Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

interface Request {
  readonly route?: { readonly path?: unknown };
  /** Over HTTP/2 the call belongs to the stream. */
  readonly stream?: object;
}

/** restify 11 and 12. Its router looks the handlers of a request up once, before the middleware of `use`. */
export const restify: Instrumentation = {
  name: 'restify',
  observes: 'Routes of restify 11 and 12',
  conventions: [],
  targets: [
    {
      package: 'restify',
      versions: '^11.0.0 || ^12.0.0',
      file: 'lib/router.js',
      attach({ prototype }, calls, guard) {
        const name = guard((request: Request) => {
          const path = request.route?.path;
          if (path !== undefined)
            (calls.of(request) ?? calls.of(request.stream as object))?.name(String(path));
        });
        patch<(this: unknown, request: Request, response: unknown) => unknown>(
          prototype,
          'lookup',
          (lookup) =>
            function (request, response) {
              const found = lookup.call(this, request, response);
              if (found !== undefined) name(request);
              return found;
            },
        );
      },
    },
  ],
};

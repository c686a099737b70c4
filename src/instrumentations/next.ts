import type { Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { HTTP_SERVER } from '../semconv/http.js';

type SetRootSpanAttribute = (this: unknown, key: string, value: unknown) => unknown;

/**
 * Next.js 16. It makes spans of its own, and sets `http.route` on the span around them when it has answered, which is
 * often too late. Its tracer hears of a route as soon as it is matched. That of version 15 hears of files (`/api/orders/route`).
 */
export const next: Instrumentation = {
  name: 'next',
  observes: 'Routes of Next.js 16: pages and API routes of both routers',
  conventions: [],
  targets: [
    {
      package: 'next',
      versions: '^16.0.0',
      file: 'dist/server/lib/trace/tracer.js',
      attach({ getTracer }, calls, guard) {
        const prototype = Object.getPrototypeOf(getTracer());
        const name = guard((key: string, value: unknown) => {
          const call = calls.current;
          if (key !== 'next.route' || typeof value !== 'string' || call === undefined) return;
          if (call.convention.histogram === HTTP_SERVER.histogram) call.name(value);
        });
        patch<SetRootSpanAttribute>(
          prototype,
          'setRootSpanAttribute',
          (setRootSpanAttribute) =>
            function (key, value) {
              name(key, value);
              return setRootSpanAttribute.call(this, key, value);
            },
        );
      },
    },
  ],
};

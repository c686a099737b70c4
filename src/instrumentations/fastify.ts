import type { Instrumentation } from '../instrumentation.js';

interface FastifyInstance {
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): void;
}

interface FastifyRequest {
  /** Over HTTP/2 the call belongs to the stream. */
  readonly raw: object & { readonly stream?: object };
  readonly is404: boolean;
  readonly routeOptions?: { readonly url?: string };
}

/**
 * Fastify 4 and 5 as a router. The hook is the first `onRequest` hook of the root instance, so that a route is known
 * for encapsulated plugins, for schema errors (400) and for replies sent by later hooks (401). An unknown path has no
 * route, and `fastify.inject` has no call to name.
 */
export const fastify: Instrumentation = {
  name: 'fastify',
  observes: 'Routes of Fastify 4 and 5',
  conventions: [],
  targets: [
    {
      channel: 'fastify.initialization',
      attach(message: { fastify: FastifyInstance }, calls, guard) {
        const name = guard(({ raw, is404, routeOptions }: FastifyRequest) => {
          const route = routeOptions?.url;
          if (!is404 && route !== undefined) calls.of(raw.stream ?? raw)?.name(route || '/');
        });
        message.fastify.addHook('onRequest', (request, _reply, done) => {
          name(request);
          done();
        });
      },
    },
  ],
};

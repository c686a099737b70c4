import type { Instrumentation } from '../instrumentation.js';

interface FastifyInstance {
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): void;
}

interface FastifyRequest {
  /** With a server of HTTP/2 the call belongs to the stream. */
  readonly raw: object & { readonly stream?: object };
  readonly is404: boolean;
  readonly routeOptions?: { readonly url?: string };
}

/**
 * Fastify 4 and 5 as a router. The hook is the first `onRequest` hook of the root instance, so that replies
 * which later hooks send (401), schema errors (400) and encapsulated plugins all have their route. An unknown
 * path has none, and `fastify.inject` has no call to name.
 */
export const fastify: Instrumentation = {
  name: 'fastify',
  observes: 'Fastify 4 and 5: gives the server call its route',
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

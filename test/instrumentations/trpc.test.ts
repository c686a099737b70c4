import type { RequestListener, Server } from 'node:http';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { express as expressInstrumentation } from '../../src/instrumentations/express.js';
import { fastify as fastifyInstrumentation } from '../../src/instrumentations/fastify.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { trpc as instrumentation } from '../../src/instrumentations/trpc.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase, serve, urlOf } from '../support/routes.js';

const recorder = record(httpServer, expressInstrumentation, fastifyInstrumentation, instrumentation);

// As Node does, after Redhook. Vite would take the ES modules.
const require = createRequire(import.meta.url);
const { initTRPC, TRPCError }: typeof import('@trpc/server') = require('@trpc/server');
const { createHTTPHandler } = require('@trpc/server/adapters/standalone');
const { createExpressMiddleware } = require('@trpc/server/adapters/express');
const { fastifyTRPCPlugin } = require('@trpc/server/adapters/fastify');
const express = require('express');
const { default: fastify } = await import('fastify');

function createRouter() {
  const { procedure, router, middleware } = initTRPC.create();
  const guarded = procedure.use(
    middleware(() => {
      throw new TRPCError({ code: 'UNAUTHORIZED' });
    }),
  );
  const number = (value: unknown): number => {
    if (typeof value !== 'number') throw new Error('expected a number');
    return value;
  };
  return router({
    ping: procedure.query(() => 'pong'),
    orders: router({
      byId: procedure.input(number).query(({ input }) => `order ${input}`),
      pay: procedure.mutation(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return 'paid';
      }),
      secret: guarded.query(() => 'secret'),
      broken: procedure.query(() => {
        throw new Error('disk');
      }),
    }),
  });
}

const CASES: RouteCase[] = [
  ['/trpc/ping', 200, '/trpc/ping'],
  ['/trpc/orders.byId?input=7', 200, '/trpc/orders.byId'],
  ['/trpc/orders.byId?input="x"', 400, '/trpc/orders.byId'],
  ['POST /trpc/orders.pay', 415, undefined],
  ['/trpc/orders.secret', 401, '/trpc/orders.secret'],
  ['/trpc/orders.broken', 500, '/trpc/orders.broken'],
  ['/trpc/ping,orders.byId?batch=1&input={"1":7}', 200, '/trpc/[batch]'],
  ['/trpc/ping,ping?batch=1', 200, '/trpc/ping'],
];

const SERVERS: Record<string, { start(): Promise<Server>; readonly absent: string | undefined }> = {
  'its own server': {
    start: async () =>
      serve(createHTTPHandler({ router: createRouter(), basePath: '/trpc/' }) as RequestListener),
    absent: undefined,
  },
  Express: {
    start: async () => {
      const app = express();
      app.use('/trpc', createExpressMiddleware({ router: createRouter() }));
      return serve(app);
    },
    absent: '/trpc',
  },
  Fastify: {
    start: async () => {
      const app = fastify();
      await app.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions: { router: createRouter() } });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return app.server;
    },
    absent: '/trpc/:path',
  },
};

describe.each(Object.entries(SERVERS))('%s', (name, { start, absent }) => {
  let server: Server;
  /** This server does not say under which path it is mounted. */
  const routeIn = (route: string | undefined) =>
    name === 'its own server' ? route?.replace('/trpc', '') : route;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => void server.close());

  test.each(CASES)('%s: %i by %s', async (request, code, route) => {
    await expectRoute(recorder, server, [request, code, routeIn(route) ?? absent]);
  });

  test('a mutation names its request', async () => {
    const headers = { 'content-type': 'application/json' };
    await fetch(`${urlOf(server)}/trpc/orders.pay`, { method: 'POST', headers });
    const [call] = await recorder.take(1);
    expect(call?.attributes['http.route']).toBe(routeIn('/trpc/orders.pay'));
  });

  test('a procedure that does not exist names nothing', async () => {
    await expectRoute(recorder, server, ['/trpc/absent', 404, absent]);
  });
});

test('the builder looks as before, but for its middleware', () => {
  const { procedure } = initTRPC.create();
  expect(Object.keys(procedure)).toContain('query');
  expect(procedure._def.middlewares).toHaveLength(1);
});

import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hapi as instrumentation } from '../../src/instrumentations/hapi.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

const require = createRequire(import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: hapi 20 and 21 have types of their own that do not match.
type Any = any;

async function createServer(Hapi: Any): Promise<Any> {
  const server = Hapi.server({ host: '127.0.0.1', port: 0, debug: false, routes: { cors: true } });
  const ok = () => 'ok';
  const fail = () => {
    throw new Error('handler');
  };
  const later = () => new Promise((resolve) => setTimeout(resolve, 5, 'ok'));
  await server.register(require('@hapi/inert'));
  server.auth.scheme('never', () => ({
    authenticate: (_: unknown, h: Any) => h.response('who?').code(401).takeover(),
  }));
  server.auth.strategy('never', 'never');
  server.ext('onRequest', (request: Any, h: Any) => {
    if (request.path === '/early') return h.response('early').code(403).takeover();
    if (request.path === '/rewritten') request.setUrl('/orders/7');
    return h.continue;
  });

  server.route([
    { method: 'GET', path: '/', handler: ok },
    { method: 'GET', path: '/orders/{id}', handler: ok },
    { method: 'POST', path: '/orders/{id}', handler: ok, options: { validate: { failAction: 'error' } } },
    { method: ['PUT', 'PATCH'], path: '/both', handler: ok },
    { method: '*', path: '/any/{rest*}', handler: ok },
    { method: 'GET', path: '/optional/{part?}', handler: ok },
    { method: 'GET', path: '/files/{name}.{type}', handler: ok },
    { method: 'GET', path: '/slow/{id}', handler: later },
    { method: 'GET', path: '/fail/{how}', handler: fail },
    { method: 'GET', path: '/gone/{id}', handler: (_: unknown, h: Any) => h.response('gone').code(404) },
    { method: 'GET', path: '/auth/{id}', handler: ok, options: { auth: 'never' } },
    { method: 'GET', path: '/assets/{path*}', handler: { directory: { path: import.meta.dirname } } },
    { method: 'GET', path: '/inner', handler: async () => (await server.inject('/orders/7')).payload },
    { method: 'GET', path: '/internal', handler: ok, options: { isInternal: true } },
  ]);
  await server.register(
    {
      name: 'plugin',
      register: (plugin: Any) => plugin.route({ method: 'GET', path: '/item/{id}', handler: ok }),
    },
    { routes: { prefix: '/plugin' } },
  );
  await server.start();
  return server;
}

const CASES: RouteCase[] = [
  ['/', 200, '/'],
  ['HEAD /', 200, '/'],
  ['/orders/7?x=1', 200, '/orders/{id}'],
  ['HEAD /orders/7', 200, '/orders/{id}'],
  ['POST /orders/7', 200, '/orders/{id}'],
  ['DELETE /orders/7', 404, undefined],
  ['PATCH /both', 200, '/both'],
  ['DELETE /any/a/b', 200, '/any/{rest*}'],
  ['/optional', 200, '/optional/{part?}'],
  ['/files/a.txt', 200, '/files/{name}.{type}'],
  ['/slow/1', 200, '/slow/{id}'],
  ['/fail/now', 500, '/fail/{how}'],
  ['/gone/1', 404, '/gone/{id}'],
  ['/auth/1', 401, '/auth/{id}'],
  ['/assets/hapi.test.ts', 200, '/assets/{path*}'],
  ['/assets/none', 404, '/assets/{path*}'],
  ['/plugin/item/7', 200, '/plugin/item/{id}'],
  ['/inner', 200, '/inner'],
  ['/internal', 404, undefined],
  ['/early', 403, undefined],
  ['/rewritten', 200, '/orders/{id}'],
  ['/bad/%ff', 404, undefined],
  ['/wp-admin.php', 404, undefined],
];

describe.each([
  ['20', require('hapi20')],
  ['21', require('@hapi/hapi')],
])('hapi %s', (_, Hapi) => {
  let server: Any;
  beforeAll(async () => {
    server = await createServer(Hapi);
  });
  afterAll(() => server.stop());

  test.each(CASES)('%s: %i by %s', async (...expected) => {
    await expectRoute(recorder, server.info.uri, expected);
  });

  test('a preflight request has no route', async () => {
    const headers = { origin: 'http://a.test', 'access-control-request-method': 'GET' };
    await fetch(`${server.info.uri}/orders/7`, { method: 'OPTIONS', headers });

    const [call] = await recorder.take(1);
    expect([call?.operation, call?.route]).toEqual(['OPTIONS', undefined]);
  });

  test('inject makes no call', async () => {
    expect((await server.inject('/orders/7')).payload).toBe('ok');
    await recorder.take(0);
  });
});

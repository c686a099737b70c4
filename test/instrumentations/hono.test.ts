import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { createAdaptorServer } from '@hono/node-server';
import type { Context, Hono as HonoClass, Next } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hono as instrumentation } from '../../src/instrumentations/hono.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

// Imported only now: a real ES module must be loaded after Redhook.
const modules = await import('hono');
const tiny = await import('hono/tiny');
const quick = await import('hono/quick');
const require = createRequire(import.meta.url);

const ok = (context: Context) => context.text('ok');
const pass = (_: Context, next: Next) => next();
const later = async (_: Context, next: Next) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  await next();
};
const refuse = async (context: Context) => context.text('who?', 401);

function createApp(Hono: typeof HonoClass) {
  const app = new Hono();
  app.use(pass);
  app.use('*', later);
  app.use('/guarded/:tenant/*', refuse);
  app.get('/', ok);
  app.get('/orders/:id', pass, ok);
  app.post('/orders', later, ok);
  app.on(['PUT', 'PATCH'], ['/one/:a', '/two/:b'], ok);
  app.all('/any', ok);
  app.get('/number/:id{[0-9]+}', ok);
  app.get('/optional/:part?', ok);
  app.get('/files/*', ok);
  app.get('/guarded/:tenant/never', ok);
  app.get('/fail/:how', () => {
    throw new Error('handler');
  });
  app.get('/gone/:id', (context) => context.text('gone', 404));
  app.get('/missing/:id', (context) => context.notFound());
  app.get('/passed/:id', pass);
  app.get('/passed/:other', ok);
  app.get('/nobody/:id', pass);
  app.get('/inner', async () => app.request('/orders/7'));
  app.onError((_, context) => context.text('failed', 503));

  const users = new Hono();
  users.use(pass);
  users.get('/', ok);
  users.get('/:user', ok);
  const own = new Hono().basePath('/v1');
  own.get('/fail/:id', () => {
    throw new Error('own');
  });
  own.onError((_, context) => context.text('own', 500));
  users.route('/:user/own', own);
  app.route('/api/:version/users', users);
  app.mount('/mounted', () => new Response('mounted'));
  return app;
}

const CASES: RouteCase[] = [
  ['/', 200, '/'],
  ['HEAD /', 200, '/'],
  ['/orders/7?x=1', 200, '/orders/:id'],
  ['HEAD /orders/7', 200, '/orders/:id'],
  ['POST /orders', 200, '/orders'],
  ['DELETE /orders', 404, undefined],
  ['PUT /one/1', 200, '/one/:a'],
  ['PATCH /two/1', 200, '/two/:b'],
  ['PATCH /any', 200, '/any'],
  ['/number/42', 200, '/number/:id{[0-9]+}'],
  ['/number/x', 404, undefined],
  ['/optional', 200, '/optional/:part?'],
  ['/optional/1', 200, '/optional/:part?'],
  ['/files/a/b', 200, '/files/*'],
  ['/guarded/1/never', 401, '/guarded/:tenant/*'],
  ['/fail/now', 503, '/fail/:how'],
  ['/gone/1', 404, '/gone/:id'],
  ['/missing/1', 404, '/missing/:id'],
  ['/passed/1', 200, '/passed/:other'],
  ['/nobody/1', 404, undefined],
  ['/inner', 200, '/inner'],
  ['/api/1/users', 200, '/api/:version/users'],
  ['/api/1/users/42', 200, '/api/:version/users/:user'],
  ['/api/1/users/42/own/v1/fail/7', 500, '/api/:version/users/:user/own/v1/fail/:id'],
  ['/mounted/a', 200, '/mounted/*'],
  ['/wp-admin.php', 404, undefined],
];

describe.each([
  ['ES module', modules.Hono],
  ['quick preset', quick.Hono],
  ['tiny preset', tiny.Hono],
  ['CommonJS', require('hono').Hono],
])('Hono, %s', (_, Hono) => {
  let server: Server;
  beforeAll(async () => {
    server = createAdaptorServer(createApp(Hono as typeof HonoClass)) as Server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  test.each(CASES)('%s: %i by %s', async (...expected) => {
    await expectRoute(recorder, server, expected);
  });

  test('handlers are called as without us, and the routes keep them', async () => {
    const app: HonoClass = new Hono();
    const seen: unknown[] = [];
    function handler(this: unknown, ...args: [Context, Next]) {
      seen.push(this, args.length, typeof args[1]);
      return args[0].text('ok');
    }
    app.get('/:id', handler);
    const own = createAdaptorServer(app) as Server;
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));

    await expectRoute(recorder, own, ['/7', 200, '/:id']);
    own.close();

    expect(seen).toEqual([[handler, app.routes[0]], 2, 'function']);
    expect(app.routes[0]?.handler).toBe(handler);
  });
});

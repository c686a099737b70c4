import type { Server } from 'node:http';
import type { H3Event } from 'h3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { h3 as instrumentation } from '../../src/instrumentations/h3.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase, serve } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

// Imported only now: a real ES module must be loaded after Redhook.
const { H3, HTTPError, getRouterParam } = await import('h3');
const { toNodeHandler } = await import('h3/node');

function createApp() {
  const app = new H3({ silent: true });
  const ok = () => 'ok';
  const later = () => new Promise((resolve) => setTimeout(resolve, 5, 'ok'));
  app.use(async (_, next) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return next();
  });
  app.use('/guarded/**', () => new Response('who?', { status: 401 }));
  app.get('/', ok);
  app.get('/orders/:id', (event: H3Event) => getRouterParam(event, 'id'));
  app.post('/orders', ok);
  app.all('/any', ok);
  app.on('PATCH', '/patched/:id', ok);
  app.get('/files/**', ok);
  app.get('/named/**:rest', ok);
  app.get('/slow/:id', later);
  app.get('/guarded/:id', ok);
  app.get('/fail/:how', () => {
    throw new Error('handler');
  });
  app.get('/refused/:id', () => {
    throw new HTTPError({ status: 403 });
  });
  app.get('/inner', async () => (await app.request('/orders/7')).text());
  app.get('/mine', ok, { middleware: [() => new Response('who?', { status: 401 })] });

  const users = new H3();
  users.get('/', ok);
  users.get('/:user', later);
  app.mount('/api/users', users);
  const other = new H3();
  other.get('/deep/:id', ok);
  app.mount('/fetched', { fetch: other.fetch });
  return app;
}

let server: Server;
beforeAll(async () => {
  server = await serve(toNodeHandler(createApp()) as never);
});
afterAll(() => void server.close());

const CASES: RouteCase[] = [
  ['/', 200, '/'],
  ['/orders/7?x=1', 200, '/orders/:id'],
  ['HEAD /orders/7', 200, '/orders/:id'],
  ['POST /orders', 200, '/orders'],
  ['DELETE /orders', 404, undefined],
  ['PUT /any', 200, '/any'],
  ['PATCH /patched/1', 200, '/patched/:id'],
  ['/files/a/b', 200, '/files/**'],
  ['/named/a/b', 200, '/named/**:rest'],
  ['/slow/1', 200, '/slow/:id'],
  ['/guarded/1', 401, '/guarded/:id'],
  ['/guarded/none/at/all', 401, undefined],
  ['/fail/now', 500, '/fail/:how'],
  ['/refused/1', 403, '/refused/:id'],
  ['/inner', 200, '/inner'],
  ['/mine', 401, '/mine'],
  ['/api/users', 200, '/api/users/'],
  ['/api/users/7', 200, '/api/users/:user'],
  ['/fetched/deep/7', 200, '/fetched/deep/:id'],
  ['/fetched/none', 404, '/fetched/**'],
  ['/wp-admin.php', 404, undefined],
];

test.each(CASES)('%s: %i by %s', async (...expected) => {
  await expectRoute(recorder, server, expected);
});

test('a request that belongs to no server makes no call', async () => {
  expect(await (await createApp().request('/orders/7')).text()).toBe('7');
  await recorder.take(0);
});

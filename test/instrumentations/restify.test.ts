import { createRequire } from 'node:module';
import { afterAll, beforeAll, test } from 'vitest';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { restify as instrumentation } from '../../src/instrumentations/restify.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

const require = createRequire(import.meta.url);
const restify = require('restify');
const { Router } = require('restify-router');

// biome-ignore lint/suspicious/noExplicitAny: restify has no types of its own.
type Any = any;
type Next = (value?: unknown) => void;

function createServer(): Any {
  const server = restify.createServer();
  const ok = (_: Any, response: Any, next: Next) => {
    response.send('ok');
    next();
  };
  const pass = (_request: Any, _response: Any, next: Next) => next();
  const later = (_request: Any, _response: Any, next: Next) => void setTimeout(next, 5);
  server.pre((request: Any, response: Any, next: Next) => {
    if (request.url !== '/early') return next();
    response.send(403);
    return next(false);
  });
  server.use(pass);
  server.use((request: Any, response: Any, next: Next) => {
    if (!request.url.startsWith('/auth')) return next();
    response.send(401);
    return next(false);
  });
  server.get('/', ok);
  server.get('/orders/:id', pass, ok);
  server.head('/orders/:id', ok);
  server.post('/orders', later, ok);
  server.get('/files/*', ok);
  server.get('/number/:id(^\\d+$)', ok);
  server.get('/auth/:id', ok);
  server.get('/slow/:id', async () => void (await new Promise((resolve) => setTimeout(resolve, 5))), ok);
  server.get('/fail/:how', (_request: Any, _response: Any, next: Next) => next(new Error('handler')));
  server.get('/gone/:id', (_: Any, response: Any, next: Next) => {
    response.send(404, 'gone');
    next();
  });
  server.get('/assets/*', restify.plugins.serveStaticFiles(import.meta.dirname));
  const nested = new Router();
  nested.get('/item/:id', ok);
  nested.applyRoutes(server, '/nested/:kind');
  return server;
}

let server: Any;
beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());

const CASES: RouteCase[] = [
  ['/', 200, '/'],
  ['/orders/7?x=1', 200, '/orders/:id'],
  ['HEAD /orders/7', 200, '/orders/:id'],
  ['POST /orders', 200, '/orders'],
  ['DELETE /orders', 405, undefined],
  ['/files/a/b', 200, '/files/*'],
  ['/number/42', 200, '/number/:id(^\\d+$)'],
  ['/number/x', 404, undefined],
  ['/auth/7', 401, '/auth/:id'],
  ['/auth', 404, undefined],
  ['/slow/1', 200, '/slow/:id'],
  ['/fail/now', 500, '/fail/:how'],
  ['/gone/1', 404, '/gone/:id'],
  ['/assets/restify.test.ts', 200, '/assets/*'],
  ['/assets/none', 404, '/assets/*'],
  ['/nested/a/item/7', 200, '/nested/:kind/item/:id'],
  ['/early', 403, undefined],
  ['/wp-admin.php', 404, undefined],
];

test.each(CASES)('%s: %i by %s', async (...expected) => {
  await expectRoute(recorder, server.server, expected);
});

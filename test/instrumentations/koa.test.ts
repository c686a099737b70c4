import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { koa as instrumentation } from '../../src/instrumentations/koa.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase, serve, urlOf } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

const require = createRequire(import.meta.url);
const mount = require('koa-mount');
const route = require('koa-route');
const VERSIONS = [
  ['2', require('koa2')],
  ['3', require('koa')],
] as const;
const ROUTERS = [
  ['@koa/router', require('@koa/router')],
  ['koa-router', require('koa-router')],
] as const;

interface Context {
  path: string;
  url: string;
  status: number;
  body: unknown;
  _matchedRoute?: unknown;
}
type Next = () => Promise<void>;

const ok = (context: Context) => {
  context.body = 'ok';
};
const pass = (_: Context, next: Next) => next();
const later = async (_: Context, next: Next) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return next();
};
const refuse = (context: Context) => {
  context.status = 401;
};
const fail = () => {
  throw new Error('handler');
};

// biome-ignore lint/suspicious/noExplicitAny: the frameworks have no types of their own.
type Any = any;

function createApp(Koa: Any, Router: Any) {
  const app = new Koa();
  app.silent = true;
  app.use(pass);
  app.use(async (context: Context, next: Next) => {
    try {
      await next();
    } catch (error) {
      if ((error as Error).message !== 'handler') throw error;
      context.status = 503;
    }
  });

  const router = new Router();
  router.get('/', ok);
  router.get('/orders/:id', pass, ok);
  router.get(['/a/:x', '/b/:y'], ok);
  router.get(/^\/commits\/(\w+)$/, ok);
  router.all('/any', ok);
  router.get('/slow/:id', later, ok);
  router.get('/fail/:how', fail);
  router.get('/unhandled', () => {
    throw new Error('unhandled');
  });
  router.get('/auth', refuse, ok);
  router.get('/nothing/:id', () => {});
  router.get('/gone/:id', (context: Context) => {
    context.status = 404;
  });
  router.get('/passed/:id', pass);
  router.get('/passed/:other/more', pass);
  router.get('/passed/:id/:any', ok);
  router.get('/nobody/:id', pass);
  router.get('/answered/:id', (context: Context, next: Next) => {
    context.body = 'ok';
    return next();
  });
  router.get('/after/:id', async (context: Context, next: Next) => {
    await next();
    context.body = 'ok';
  });
  router.param('known', (value: string, context: Context, next: Next) =>
    value === '401' ? refuse(context) : next(),
  );
  router.get('/param/:known', ok);

  const items = new Router();
  items.get('/', ok);
  items.get('/:item', later, ok);
  router.use('/lists/:list/items', items.routes(), items.allowedMethods());
  const users = new Router({ prefix: '/api/:version/users' });
  users.get('/:user', ok);
  app.use(users.routes());
  const guarded = new Router({ prefix: '/guarded' });
  guarded.use(later, (context: Context, next: Next) =>
    context.url.endsWith('401') ? refuse(context) : next(),
  );
  guarded.get('/:user', ok);
  app.use(guarded.routes());
  app.use(router.routes()).use(router.allowedMethods());

  const admin = new Koa();
  const settings = new Router();
  settings.get('/:key', ok);
  admin.use((context: Context, next: Next) => (context.path === '/401' ? refuse(context) : next()));
  admin.use(mount('/settings', settings.routes()));
  admin.use(route.get('/by-route/:id', ok));
  app.use(mount('/other', pass));
  app.use(mount('/admin', admin));
  app.use(
    mount('/files', (context: Context, next: Next) => (context.path === '/none' ? next() : ok(context))),
  );
  app.use(
    mount('/changed', [
      (context: Context, next: Next) => {
        context.path = '/rewritten/7';
        return next();
      },
      route.get('/rewritten/:id', ok),
    ]),
  );
  app.use(route.get('/by-route/:id', (_context: Context, _id: string, next: Next) => next()));
  app.use(route.get('/by-route/:id/deep', ok));
  app.use(
    route.all('/by-route/:name', (context: Context, name: string, next: Next) =>
      name === 'pass' ? next() : ok(context),
    ),
  );
  app.use((context: Context, next: Next) => (context.path === '/plain' ? ok(context) : next()));
  return app;
}

const CASES: RouteCase[] = [
  ['/', 200, '/'],
  ['HEAD /', 200, '/'],
  ['/orders/7?x=1', 200, '/orders/:id'],
  ['HEAD /orders/7', 200, '/orders/:id'],
  ['POST /orders/7', 405, undefined],
  ['OPTIONS /orders/7', 200, undefined],
  ['/a/1', 200, '/a/:x'],
  ['/b/1', 200, '/b/:y'],
  ['/commits/abc', 200, '/^\\/commits\\/(\\w+)$/'],
  ['PATCH /any', 200, '/any'],
  ['/slow/1', 200, '/slow/:id'],
  ['/fail/now', 503, '/fail/:how'],
  ['/unhandled', 500, '/unhandled'],
  ['/auth', 401, '/auth'],
  ['/nothing/1', 404, '/nothing/:id'],
  ['/gone/1', 404, '/gone/:id'],
  ['/passed/1/more', 200, '/passed/:id/:any'],
  ['/passed/1', 404, undefined],
  ['/nobody/1', 404, undefined],
  ['/answered/1', 200, '/answered/:id'],
  ['/after/1', 200, '/after/:id'],
  ['/param/some', 200, '/param/:known'],
  ['/param/401', 401, '/param/:known'],
  ['/api/1/users/42', 200, '/api/:version/users/:user'],
  ['/guarded/42', 200, '/guarded/:user'],
  ['/guarded/401', 401, '/guarded/:user'],
  ['/lists/42/items', 200, '/lists/:list/items'],
  ['/lists/42/items/7', 200, '/lists/:list/items/:item'],
  ['/api/1/none', 404, undefined],
  ['/admin/settings/a', 200, '/admin/settings/:key'],
  ['/admin/settings', 404, undefined],
  ['/admin/by-route/7', 200, '/admin/by-route/:id'],
  ['/admin/401', 401, '/admin'],
  ['/admin/none', 404, undefined],
  ['/other', 404, undefined],
  ['/files/a.txt', 200, '/files'],
  ['/files/none', 404, undefined],
  ['/changed/7', 200, '/rewritten/:id'],
  ['/by-route/7', 200, '/by-route/:name'],
  ['HEAD /by-route/7', 200, '/by-route/:name'],
  ['/by-route/pass', 404, undefined],
  ['/by-route/7/deep', 200, '/by-route/:id/deep'],
  ['/plain', 200, undefined],
  ['/wp-admin.php', 404, undefined],
];

const APPS = VERSIONS.flatMap(([version, Koa]) =>
  ROUTERS.map(([name, Router]) => ({ version, name, Koa, Router: Router.Router ?? Router })),
);

describe.each(APPS)('Koa $version with $name', ({ Koa, Router }) => {
  let server: Server;
  beforeAll(async () => {
    server = await serve(createApp(Koa, Router).callback());
  });
  afterAll(() => void server.close());
  afterEach(() => recorder.forget());

  test.each(CASES)('%s: %i by %s', async (...expected) => {
    await expectRoute(recorder, server, expected);
  });

  test('concurrent requests keep their routes', async () => {
    const paths = ['/slow/1', '/lists/42/items/7', '/admin/settings/a', '/nobody/1'];
    const requests = Array.from({ length: 40 }, (_, i) =>
      fetch(`${urlOf(server)}${paths[i % paths.length]}`),
    );
    await Promise.all(requests.map(async (request) => (await request).text()));

    const routes = Object.groupBy(await recorder.take(40), ({ route }) => `${route}`);
    expect(Object.keys(routes).sort()).toEqual([
      '/admin/settings/:key',
      '/lists/:list/items/:item',
      '/slow/:id',
      'undefined',
    ]);
    expect(new Set(Object.values(routes).map((calls) => calls?.length))).toEqual(new Set([10]));
  });
});

test.each(VERSIONS)('what the application sees of a context of Koa %s is unchanged', async (_, Koa) => {
  const app = new Koa();
  let seen: unknown;
  app.use(async (context: Context, next: Next) => {
    const before = [Object.keys(context).includes('routePath'), Reflect.get(context, 'routePath')];
    const result = await next();
    seen = [before, Object.keys(context).includes('routePath'), Reflect.get(context, 'routePath'), result];
  });
  app.use(
    route.get('/a/:b', function (this: unknown, context: Context, b: string) {
      context.body = `${b} ${this === context}`;
      return 'result';
    }),
  );
  const server = await serve(app.callback());

  expect(await expectRoute(recorder, server, ['/a/7', 200, '/a/:b'])).toBe('7 true');
  server.close();

  expect(seen).toEqual([[false, undefined], true, '/a/:b', 'result']);
  expect([app.handleRequest.length, app.handleRequest.name]).toEqual([2, 'handleRequest']);
});

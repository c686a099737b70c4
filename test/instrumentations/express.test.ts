import http, { type Server } from 'node:http';
import { createRequire } from 'node:module';
import express5, { type ErrorRequestHandler, type Handler } from 'express';
import Router from 'router';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { express as instrumentation } from '../../src/instrumentations/express.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase, serve, urlOf } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

type Express = typeof express5;

const require = createRequire(import.meta.url);
const express4: Express = require('express4');
const Router20: typeof Router = require('router20');

const VERSIONS: [string, Express][] = [
  ['4', express4],
  ['5', express5],
];

const ok: Handler = (_, response) => void response.send('ok');
const pass: Handler = (_request, _response, next) => next();
const fail: Handler = () => {
  throw new Error('handler');
};
const refuse: Handler = (_, response) => void response.sendStatus(401);
const later: Handler = (_request, _response, next) => void setTimeout(next, 5);
const answerError: ErrorRequestHandler = (error, _request, response, next) =>
  error.message === 'handler' ? void response.status(503).send('failed') : next(error);

/** One application with everything that a router can do. */
function createApp(express: Express, isVersion5: boolean) {
  const app = express();
  app.set('env', 'test');
  app.disable('x-powered-by');
  app.use(pass, later);
  app.use('/assets/', express.static(import.meta.dirname));

  app.get('/', ok);
  app.get('/orders/:id', pass, ok);
  app.post('/orders/', ok);
  app.get(['/a/:x', '/b/:y', ['/c/:z']] as string[], ok);
  app.get(/^\/commits\/(\w+)$/, ok);
  app.get(isVersion5 ? '/files/*path' : '/files/*', ok);
  app.route('/book').get(ok).post(later, ok);
  app.all('/any', ok);
  app.get('/slow/:id', later, later, ok);
  app.get('/encoded/:id', ok);

  app.use('/used', ok);
  app.use('/used-by/:name', [pass, [ok]] as Handler[]);
  app.use(['/many/:one', '/several'], ok);
  app.use(/^\/(?:red|blue)/, ok);

  app.use('/guarded/:tenant', refuse, ok);
  app.get('/guarded/:tenant/never', ok);
  app.get('/auth', refuse, ok);

  app.get('/passed/:id', (_request, _response, next) => next('route'), refuse);
  app.get('/passed/:other', ok);
  app.get('/nobody/:id', pass);
  app.get('/answered/:id', (_request, response, next) => {
    response.send('ok');
    next();
  });

  const items = express.Router({ mergeParams: true });
  items.use(pass);
  items.get('/', ok);
  items.get('/:item', ok);
  items.get('/:item/late', later, ok);
  items.get('/:item/fail', fail);
  items.get('/:item/nobody', pass);
  items.get('/:item/leave', (_request, _response, next) => next('router'));
  items.get('/:item/leave', refuse);
  const users = express.Router();
  users.use('/:user/items', later, items);
  users.use((request, response, next) => (request.url === '/401' ? void response.sendStatus(401) : next()));
  users.get('/:user', ok);
  app.use('/api/:version', users);
  app.get('/api/:version/:user/items/:item/leave', ok);
  app.use(['/left', '/right'], items);

  const shadowed = express.Router();
  shadowed.get('/whole/path', ok);
  app.get(isVersion5 ? '/whole/*rest' : '/whole/*', shadowed);

  const rest = express.Router();
  rest.all(isVersion5 ? '*rest' : '*', ok);
  app.use('/rest', rest);

  const admin = express();
  admin.set('env', 'test');
  admin.get('/', ok);
  admin.get('/settings/:key', ok);
  const inner = express();
  inner.get('/deep/:level', ok);
  admin.use('/inner', inner);
  app.use('/admin', admin);

  const found = express.Router();
  found.param('thing', (_request, response, next, value) => {
    if (value === 'none') return void response.sendStatus(404);
    return value === 'bad' ? next(new Error('handler')) : next();
  });
  found.get('/first/:id', pass);
  found.get(['/one/:thing', '/two/:thing'], ok);
  app.use('/found', found);

  app.get('/fail/:how', fail);
  app.get('/fail-later', (_request, _response, next) => void setTimeout(() => next(new Error('handler')), 2));
  app.get('/unhandled/:id', () => {
    throw new Error('unhandled');
  });
  if (isVersion5) {
    app.get('/rejected/:id', async () => {
      throw new Error('handler');
    });
    app.get('/optional{/:part}', ok);
  } else {
    app.get('/optional/:part?', ok);
  }
  app.get('/recovered/:id', fail);
  app.use(
    (error: Error, request: express5.Request, _response: express5.Response, next: (e?: Error) => void) =>
      next(request.path.startsWith('/recovered') ? undefined : error),
  );
  app.use('/fail', pass, answerError);
  app.use(answerError);
  app.get('/recovered/:after', ok);
  return app;
}

const CASES: RouteCase[] = [
  ['/', 200, '/'],
  ['HEAD /', 200, '/'],
  ['/orders/7?x=1', 200, '/orders/:id'],
  ['HEAD /orders/7', 200, '/orders/:id'],
  ['POST /orders', 200, '/orders/'],
  ['DELETE /orders/7', 404, undefined],
  ['/a/1', 200, '/a/:x'],
  ['/b/1?a=/a/1', 200, '/b/:y'],
  ['/c/1', 200, '/c/:z'],
  ['/commits/abc', 200, '/^\\/commits\\/(\\w+)$/'],
  ['/book', 200, '/book'],
  ['POST /book', 200, '/book'],
  ['HEAD /any', 200, '/any'],
  ['PATCH /any', 200, '/any'],
  ['PUT /book', 404, undefined],
  ['OPTIONS /book', 200, undefined],
  ['/slow/1', 200, '/slow/:id'],
  ['/encoded/a%2Fb', 200, '/encoded/:id'],
  ['/encoded/%ff', 400, undefined],
  ['/used', 200, '/used'],
  ['/used/more/7', 200, '/used'],
  ['/used-by/me/7', 200, '/used-by/:name'],
  ['/many/1/2', 200, '/many/:one'],
  ['/several/2', 200, '/several'],
  ['/red/1', 200, '/^\\/(?:red|blue)/'],
  ['/guarded/1/never', 401, '/guarded/:tenant'],
  ['/auth', 401, '/auth'],
  ['/passed/1', 200, '/passed/:other'],
  ['/nobody/1', 404, undefined],
  ['/answered/1', 200, '/answered/:id'],
  ['/wp-admin.php', 404, undefined],
  ['/api/1/42', 200, '/api/:version/:user'],
  ['/api/1/42/items', 200, '/api/:version/:user/items'],
  ['/api/1/42/items/', 200, '/api/:version/:user/items'],
  ['/api/1/42/items/7', 200, '/api/:version/:user/items/:item'],
  ['/api/1/42/items/7/late', 200, '/api/:version/:user/items/:item/late'],
  ['/api/1/42/items/7/fail', 503, '/api/:version/:user/items/:item/fail'],
  ['/api/1/42/items/7/nobody', 404, undefined],
  ['/api/1/42/items/7/leave', 200, '/api/:version/:user/items/:item/leave'],
  ['/api/1/42/none/at/all', 404, undefined],
  ['/api/1/401', 401, '/api/:version'],
  ['/left/7', 200, '/left/:item'],
  ['/right/7/late', 200, '/right/:item/late'],
  ['/whole/path', 200, '/whole/path'],
  ['/admin', 200, '/admin'],
  ['/admin/settings/a', 200, '/admin/settings/:key'],
  ['/admin/inner/deep/3', 200, '/admin/inner/deep/:level'],
  ['/admin/none', 404, undefined],
  ['/found/one/7', 200, '/found/one/:thing'],
  ['/found/two/none', 404, '/found/two/:thing'],
  ['/found/first/7', 404, undefined],
  ['/found/one/bad', 503, '/found/one/:thing'],
  ['/fail/now', 503, '/fail/:how'],
  ['/fail-later', 503, '/fail-later'],
  ['/unhandled/1', 500, '/unhandled/:id'],
  ['/recovered/1', 200, '/recovered/:after'],
  ['/assets/express.test.ts', 200, '/assets'],
  ['HEAD /assets/express.test.ts', 200, '/assets'],
  ['/assets/none.txt', 404, undefined],
];

/** What only one version knows, or writes differently. */
const CASES_OF: Record<string, RouteCase[]> = {
  4: [
    ['/files/a/b', 200, '/files/*'],
    ['/rest/a/b', 200, '/rest/*'],
    ['/optional', 200, '/optional/:part?'],
    ['/optional/1', 200, '/optional/:part?'],
  ],
  5: [
    ['/files/a/b', 200, '/files/*path'],
    ['/rest/a/b', 200, '/rest/*rest'],
    ['/optional', 200, '/optional{/:part}'],
    ['/optional/1', 200, '/optional{/:part}'],
    ['/rejected/1', 503, '/rejected/:id'],
  ],
};

const servers: Server[] = [];
async function started(listener: http.RequestListener): Promise<Server> {
  const server = await serve(listener);
  servers.push(server);
  return server;
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe.each(VERSIONS)('Express %s', (version, express) => {
  let server: Server;
  beforeAll(async () => {
    server = await serve(createApp(express, version === '5'));
  });
  afterAll(() => void server.close());

  test.each([...CASES, ...(CASES_OF[version] ?? [])])('%s: %i by %s', async (...expected) => {
    await expectRoute(recorder, server, expected);
  });

  test('concurrent requests keep their routes', async () => {
    const paths = ['/slow/1', '/api/1/42/items/7/late', '/right/7/late', '/b/1', '/nobody/1'];
    const requests = Array.from({ length: 100 }, (_, i) =>
      fetch(`${urlOf(server)}${paths[i % paths.length]}`),
    );
    await Promise.all(requests.map(async (request) => (await request).text()));

    const routes = Object.groupBy(await recorder.take(100), ({ route }) => `${route}`);
    expect(
      Object.fromEntries(Object.entries(routes).map(([route, calls]) => [route, calls?.length])),
    ).toEqual({
      '/slow/:id': 20,
      '/api/:version/:user/items/:item/late': 20,
      '/right/:item/late': 20,
      '/b/:y': 20,
      undefined: 20,
    });
  });

  test('an application that passes on leaves nothing behind for the next one', async () => {
    const [first, second] = [express(), express()];
    first.use('/mounted', pass);
    second.get('/mounted/:id', ok);
    const both = await started((request, response) =>
      first(request as never, response as never, () => second(request as never, response as never)),
    );

    await expectRoute(recorder, both, ['/mounted/1', 200, '/mounted/:id']);
  });

  test('an answer after a mounted router has passed on is by the path of the mount', async () => {
    const app = express();
    const router = express.Router();
    router.get('/:id', pass);
    app.use('/mounted', (request, response, next) => {
      router(request, response, (error?: unknown) => (error ? next(error) : response.send('nothing there')));
    });

    await expectRoute(recorder, await started(app), ['/mounted/7', 200, '/mounted']);
  });

  test('handlers are called as without us, and what introspection shows is unchanged', async () => {
    const app = express();
    const seen: unknown[] = [];
    function handler(this: unknown, ...args: unknown[]) {
      seen.push(this, args.length, handler.length);
      (args[1] as express5.Response).send('ok');
    }
    function byName(_request: unknown, _response: unknown, next: () => void, value: string, name: string) {
      seen.push(value, name);
      next();
    }
    app.param('id', byName as never);
    app.get('/:id', handler as Handler);
    app.use('/mounted', handler as Handler);
    // biome-ignore lint/suspicious/noExplicitAny: the inner side of the router has no types.
    const router: any = version === '4' ? Reflect.get(app, '_router') : app.router;
    const { prototype } = router.stack[0].constructor;

    await expectRoute(recorder, await started(app), ['/7', 200, '/:id']);

    expect(seen).toEqual(['7', 'id', undefined, 3, 0]);
    const [param] = router.params.id;
    expect([param.name, param.length]).toEqual(['byName', 5]);
    expect(router.stack.at(-1).handle).toBe(handler);
    expect((prototype.handle_request ?? prototype.handleRequest).length).toBe(3);
    expect([router.use.length, router.route.length, router.handle.length]).toEqual([1, 1, 3]);
    expect(() => router.use()).toThrow(TypeError);
  });

  test('a request of a server that is not observed is handled as ever', async () => {
    const app = express();
    app.get('/:id', ok);
    const request = Object.assign(Object.create(http.IncomingMessage.prototype), {
      url: '/7',
      method: 'GET',
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    const response = Object.assign(new http.ServerResponse(request), {
      end: () => resolve(response.statusCode),
    });

    app(request, response as never);

    expect(await promise).toBe(200);
    await recorder.take(0);
  });
});

test.each([
  ['2.0', Router20],
  ['2.3', Router],
])('router %s by itself', async (_, createRouter) => {
  const [router, inner] = [createRouter(), createRouter({ mergeParams: true })];
  inner.param('id', (_request, response, next, id) => (id === 'none' ? response.end('none') : next()));
  inner.get(['/a/:id', '/b/:id'], (_request, response) => void response.end('ok'));
  router.use('/api/:version', (_request, _response, next) => void setTimeout(next, 2), inner);
  router.use('/text', (_request, response) => void response.end('text'));
  const server = await started((request, response) =>
    router(request as never, response, () => void response.writeHead(404).end()),
  );

  await expectRoute(recorder, server, ['/api/1/b/2', 200, '/api/:version/b/:id']);
  await expectRoute(recorder, server, ['/api/1/a/none', 200, '/api/:version/a/:id']);
  await expectRoute(recorder, server, ['/api/1/c/2', 404, undefined]);
  await expectRoute(recorder, server, ['/text/1', 200, '/text']);
  await expectRoute(recorder, server, ['/', 404, undefined]);
});

test('versions mounted inside each other make one route', async () => {
  const [outer, middle, inner] = [express5(), express4(), Router()];
  inner.get('/:c', ok as never);
  middle.use('/b/:b', inner as unknown as Handler);
  middle.get('/mine', ok);
  outer.use('/a/:a', middle);
  const server = await started(outer);

  await expectRoute(recorder, server, ['/a/1/b/2/3', 200, '/a/:a/b/:b/:c']);
  await expectRoute(recorder, server, ['/a/1/mine', 200, '/a/:a/mine']);
  await expectRoute(recorder, server, ['/a/1/b/2/3/4', 404, undefined]);
});

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect as instrumentation } from '../../src/instrumentations/connect.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { record } from '../support/recorder.js';
import { expectRoute, type RouteCase, serve } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

type Next = (error?: unknown) => void;
type Handle = (request: IncomingMessage, response: ServerResponse, next: Next) => unknown;
type HandleError = (error: unknown, ...rest: Parameters<Handle>) => unknown;

interface Application {
  (...args: Parameters<Handle>): unknown;
  use(path: string, handle: Handle): Application;
  use(handle: Handle): Application;
  readonly stack: unknown[];
}

const connect: () => Application = createRequire(import.meta.url)('connect');

const ok: Handle = (_request, response) => response.end('ok');
const pass: Handle = (_request, _response, next) => next();

function createApp(): Application {
  const app = connect();
  app.use(pass);
  app.use((request, response, next) => {
    if (request.url !== '/early') return next();
    response.statusCode = 401;
    return response.end();
  });
  app.use('/users', ok);
  app.use('/later/', (_request, _response, next) => void setTimeout(next, 5));
  app.use('/later/on', ok);
  app.use('/passes', pass);
  app.use('/fails', () => {
    throw new Error('handler');
  });
  app.use('/told', (_request, _response, next) => next(new Error('told')));
  app.use('/logged', (_request, response, next) => {
    response.end('logged');
    next();
  });
  app.use('/inner', connect().use('/deep', ok));
  app.use('/rescued', (_request, _response, next) => next(new Error('rescued')));
  const rescue: HandleError = (_error, _request, response, _next) => response.end('rescued');
  app.use('/rescued', rescue as unknown as Handle);
  return app;
}

let app: Application;
let server: Server;
beforeAll(async () => {
  process.env['NODE_ENV'] = 'test';
  app = createApp();
  server = await serve(app as unknown as RequestListener);
});
afterAll(() => void server.close());

const CASES: RouteCase[] = [
  ['/users', 200, '/users'],
  ['/users/7?x=1', 200, '/users'],
  ['HEAD /users/7', 200, '/users'],
  ['/USERS', 200, '/users'],
  ['/usersX', 404, undefined],
  ['/later/on', 200, '/later/on'],
  ['/later/off', 404, undefined],
  ['/passes', 404, undefined],
  ['/fails', 500, '/fails'],
  ['/told', 500, '/told'],
  ['/logged', 200, '/logged'],
  ['/rescued', 200, '/rescued'],
  ['/inner/deep', 200, '/inner'],
  ['/early', 401, undefined],
  ['/wp-admin.php', 404, undefined],
];

test.each(CASES)('%s: %i by %s', async (...expected) => {
  await expectRoute(recorder, server, expected);
});

test('a middleware that is added while the server runs names its requests too', async () => {
  app.use('/added', ok);
  await expectRoute(recorder, server, ['/added/1', 200, '/added']);
});

test('the application looks as before', () => {
  expect(Object.keys(app)).toEqual(Object.keys(connect()));
  expect(app.stack).toHaveLength(13);
});

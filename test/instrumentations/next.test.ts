import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { next as instrumentation } from '../../src/instrumentations/next.js';
import { record } from '../support/recorder.js';
import { expectRoute, serve } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

interface NextTracer {
  trace<R>(type: string, fn: () => R): R;
  setRootSpanAttribute(key: string, value: unknown): void;
  getRootSpanAttributes(): Map<string, unknown> | undefined;
}

const require = createRequire(resolve('test/apps/next/package.json'));
const { getTracer }: { getTracer(): NextTracer } = require('next/dist/server/lib/trace/tracer');

let server: Server;
let seen: unknown;
beforeAll(async () => {
  // As the servers of Next.js do for each request.
  server = await serve((request, response) =>
    getTracer().trace('BaseServer.handleRequest', () => {
      const tracer = getTracer();
      if (request.url === '/items/7') tracer.setRootSpanAttribute('next.route', '/items/[id]');
      tracer.setRootSpanAttribute('next.other', '/other');
      seen = tracer.getRootSpanAttributes()?.get('next.route');
      response.end();
    }),
  );
});
afterAll(() => void server.close());

test('the route that is matched names the request', async () => {
  await expectRoute(recorder, server, ['/items/7', 200, '/items/[id]']);
  expect(seen).toBe('/items/[id]');
});

test('a request without a route has no name', async () => {
  await expectRoute(recorder, server, ['/wp-admin.php', 200, undefined]);
  expect(seen).toBeUndefined();
});

test('outside of a request nothing happens', () => {
  expect(() => getTracer().setRootSpanAttribute('next.route', '/items/[id]')).not.toThrow();
});

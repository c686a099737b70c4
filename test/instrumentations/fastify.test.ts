import dns from 'node:dns';
import { once } from 'node:events';
import http, { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify as fastify5 } from 'fastify';
import { fastify as fastify4 } from 'fastify4';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fastify as instrumentation } from '../../src/instrumentations/fastify.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { record } from '../support/recorder.js';

const recorder = record(httpServer, instrumentation);
const realLookup = dns.lookup as unknown as LookupAll;

type LookupAll = (
  host: string,
  options: object,
  callback: (error: Error | null, addresses: dns.LookupAddress[]) => void,
) => void;

describe.each([
  ['4', fastify4 as unknown as typeof fastify5],
  ['5', fastify5],
])('Fastify %s', (_, fastify) => {
  let app = fastify();

  afterEach(async () => {
    await app.close();
    recorder.ended.length = 0;
  });

  async function start(routes: (instance: typeof app) => void): Promise<string> {
    app = fastify({ forceCloseConnections: true });
    routes(app);
    return app.listen({ port: 0, host: '127.0.0.1' });
  }

  async function routeOf(url: string, init?: RequestInit): Promise<unknown[]> {
    await (await fetch(url, init)).text();
    const [call] = await recorder.take(1);
    return [call?.operation, call?.route, call?.attributes['http.route'], call?.code];
  }

  test('the route is the template, also with prefixes, HEAD and nested plugins', async () => {
    const url = await start((instance) => {
      instance.get('/', async () => 'root');
      instance.register(
        async (v1) => {
          v1.get('/orders/:id', async () => 'order');
          v1.register(async (nested) => nested.get('/', async () => 'nested'), { prefix: '/deep/:kind' });
        },
        { prefix: '/v1' },
      );
    });

    expect(await routeOf(`${url}/`)).toEqual(['GET', '/', '/', 200]);
    expect(await routeOf(`${url}/v1/orders/7?x=1`)).toEqual(['GET', '/v1/orders/:id', '/v1/orders/:id', 200]);
    expect(await routeOf(`${url}/v1/orders/7`, { method: 'HEAD' })).toEqual([
      'HEAD',
      '/v1/orders/:id',
      '/v1/orders/:id',
      200,
    ]);
    expect((await routeOf(`${url}/v1/deep/a`))[1]).toMatch(/^\/v1\/deep\/:kind\/?$/);
  });

  test('an unknown path has no route, even with a not-found handler', async () => {
    const url = await start((instance) => {
      instance.setNotFoundHandler((_, reply) => reply.code(404).send('nothing'));
      instance.register(
        async (inner) => inner.setNotFoundHandler((_, reply) => reply.code(404).send('nothing inner')),
        { prefix: '/inner' },
      );
    });

    expect(await routeOf(`${url}/wp-admin.php`)).toEqual(['GET', undefined, undefined, 404]);
    expect(await routeOf(`${url}/inner/x`)).toEqual(['GET', undefined, undefined, 404]);
  });

  test('replies from hooks, schema errors and error handlers keep the route', async () => {
    const url = await start((instance) => {
      instance.addHook('onRequest', async (request, reply) => {
        if (request.headers['authorization'] === undefined) return reply.code(401).send('who?');
        return undefined;
      });
      instance.setErrorHandler((error, _, reply) =>
        reply.code((error as { statusCode?: number }).statusCode ?? 500).send('bad'),
      );
      instance.post('/a/:b', { schema: { body: { type: 'object', required: ['c'] } } }, async () => {
        throw new Error('handler');
      });
    });
    const headers = { authorization: 'me', 'content-type': 'application/json' };

    expect(await routeOf(`${url}/a/1`, { method: 'POST', body: '{}' })).toEqual([
      'POST',
      '/a/:b',
      '/a/:b',
      401,
    ]);
    expect(await routeOf(`${url}/a/1`, { method: 'POST', headers, body: '{}' })).toEqual([
      'POST',
      '/a/:b',
      '/a/:b',
      400,
    ]);
    expect(await routeOf(`${url}/a/1`, { method: 'POST', headers, body: '{"c":1}' })).toEqual([
      'POST',
      '/a/:b',
      '/a/:b',
      500,
    ]);
  });

  test('inject makes no call and does not rename the call around it', async () => {
    const url = await start((instance) => {
      instance.get('/outer', async () => (await instance.inject('/inner')).body);
      instance.get('/inner', async () => 'inner');
    });

    expect(await routeOf(`${url}/outer`)).toEqual(['GET', '/outer', '/outer', 200]);
    await app.inject('/inner');
    await recorder.take(0);
  });

  test('hooks and handlers of the application run inside the call', async () => {
    const seen = new Set<unknown>();
    const url = await start((instance) => {
      for (const hook of ['onRequest', 'preHandler', 'onSend', 'onResponse'] as const) {
        instance.addHook(hook, async () => void seen.add(recorder.calls.current));
      }
      instance.get('/', async () => void seen.add(recorder.calls.current));
    });

    await routeOf(`${url}/`);

    expect(seen.size).toBe(1);
    expect([...seen][0]).toBeDefined();
  });

  test('requests and upgrades at each address of localhost are one call with their route', async () => {
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((host, options, callback) => {
      if (host !== 'localhost') return realLookup(host, options, callback);
      return callback(
        null,
        ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })),
      );
    }) as LookupAll as typeof dns.lookup);
    app = fastify({ forceCloseConnections: true });
    app.get('/a/:b', async (request, reply) => {
      if (request.headers.upgrade === undefined) return 'ok';
      reply.hijack();
      return request.raw.socket.resume().end('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    // As @fastify/websocket does it.
    app.server.on('upgrade', (request) => app.routing(request, new ServerResponse(request)));
    await app.listen({ port: 0, host: 'localhost' });
    lookup.mockRestore();
    expect(app.addresses()).toHaveLength(2);

    for (const { address, port } of app.addresses() as AddressInfo[]) {
      const url = `http://${address}:${port}`;
      expect(await routeOf(`${url}/a/1`)).toEqual(['GET', '/a/:b', '/a/:b', 200]);

      const headers = { connection: 'Upgrade', upgrade: 'x' };
      const [, socket] = await once(http.get(`${url}/a/1`, { headers }), 'upgrade');
      socket.destroy();
      const [call] = await recorder.take(1);
      expect([call?.route, call?.code]).toEqual(['/a/:b', 101]);
    }
  });
});

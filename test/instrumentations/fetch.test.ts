import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { asOwnTraffic } from '../../src/calls/own-traffic.js';
import { fetch as instrumentation } from '../../src/instrumentations/fetch.js';
import { log } from '../../src/log.js';
import { record } from '../support/recorder.js';
import { unreadable } from '../support/unreadable.js';

const recorder = record(instrumentation);
const servers: http.Server[] = [];
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const traced = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: TRACE_ID,
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
});

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  recorder.ended.length = 0;
});

async function serve(handler: RequestListener): Promise<{ server: http.Server; port: number; url: string }> {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** Returns a URL on which no server listens. */
async function closedUrl(): Promise<string> {
  const { url } = await serve(() => {});
  servers.pop()?.close();
  return url;
}

const undicis = [
  ['the fetch of Node', async () => fetch],
  ['undici 6', async () => (await import('undici6')).fetch],
  ['undici 7', async () => (await import('undici7')).fetch],
  ['undici 8', async () => (await import('undici')).fetch],
] as const;

describe.each(undicis)('%s', (_, load) => {
  test('a request is one call with its target, and carries the trace context', async () => {
    const { url, port } = await serve((request, response) => response.end(request.headers['traceparent']));
    const fetch = (await load()) as typeof globalThis.fetch;

    const response = await context.with(traced, () => fetch(`${url}/a?sig=s3cret&b=1`));

    const traceparent = await response.text();
    const [call] = await recorder.take(1);
    expect(traceparent).toBe(`00-${TRACE_ID}-${call?.spanId}-01`);
    expect(call).toMatchObject({
      kind: 'client',
      operation: 'GET',
      code: 200,
      error: undefined,
      traceId: TRACE_ID,
    });
    expect(call?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': `${url}/a?sig=REDACTED&b=1`,
      'http.response.status_code': 200,
    });
  });

  test('each hop of a redirect is a call', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/2') response.end('there');
      else response.writeHead(302, { location: '/2' }).end();
    });
    const fetch = (await load()) as typeof globalThis.fetch;

    expect(await (await fetch(`${url}/1`)).text()).toBe('there');

    expect((await recorder.take(2)).map(({ code }) => code)).toEqual([302, 200]);
  });

  test('an abort is not an error, but a timeout is', async () => {
    const { url } = await serve(() => {});
    const fetch = (await load()) as typeof globalThis.fetch;
    const controller = new AbortController();

    const aborted = fetch(url, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await expect(fetch(url, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });

    expect((await recorder.take(2)).map(({ code, error }) => [code, error])).toEqual([
      [undefined, undefined],
      [undefined, 'TimeoutError'],
    ]);
  });

  test('a response that the application stops is not an error, whatever its reason', async () => {
    const { url } = await serve((_, response) => response.write('part'));
    const fetch = (await load()) as typeof globalThis.fetch;
    const ways: ((response: Response, controller: AbortController) => unknown)[] = [
      ({ body }) => body?.cancel(),
      ({ body }) => body?.cancel('enough'),
      ({ body }) => body?.cancel(new Error('enough')),
      async ({ body }) => {
        for await (const _ of body ?? []) break;
      },
      (_, controller) => controller.abort(),
      (_, controller) => controller.abort('left'),
      (_, controller) => controller.abort(new Error('left')),
    ];

    for (const way of ways) {
      const controller = new AbortController();
      await way(await fetch(url, { signal: controller.signal }), controller);
    }

    expect((await recorder.take(ways.length)).map(({ code, error }) => [code, error])).toEqual(
      ways.map(() => [200, undefined]),
    );
  });

  test('an error that throws when it is read ends the call like any other', async () => {
    const fault = vi.spyOn(log, 'error');
    const { url } = await serve((_, response) => response.write('part'));
    const fetch = (await load()) as typeof globalThis.fetch;
    const controller = new AbortController();

    const { body } = await fetch(url, { signal: controller.signal });
    controller.abort(unreadable());
    await body?.cancel().catch(() => {});

    expect((await recorder.take(1)).map(({ code }) => code)).toEqual([200]);
    expect(fault).not.toHaveBeenCalled();
  });

  test('an interim answer is not the status of the call', async () => {
    const { url, server } = await serve((request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      setTimeout(() => (request.url === '/breaks' ? request.socket.destroy() : response.end()), 10);
    });
    const fetch = (await load()) as typeof globalThis.fetch;

    await (await fetch(url)).text();
    await expect(fetch(`${url}/breaks`)).rejects.toThrow();
    server.closeAllConnections();

    expect((await recorder.take(2)).map(({ code, error }) => [code, error])).toEqual([
      [200, undefined],
      [undefined, 'UND_ERR_SOCKET'],
    ]);
  });

  test('a refused connection and a broken connection are errors', async () => {
    const { url } = await serve((_, response) => void response.write('part', () => response.destroy()));
    const fetch = (await load()) as typeof globalThis.fetch;

    const { server, url: noHttp } = await serve(() => {});
    server.on('connection', (socket) => socket.write('this is no HTTP'));

    await expect(fetch(await closedUrl())).rejects.toThrow();
    await expect(fetch(noHttp)).rejects.toThrow();
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow();

    const [refused, unreadable, broken] = await recorder.take(3);
    expect(unreadable).toMatchObject({
      code: undefined,
      error: expect.stringMatching(/^HTTPParserError|^HPE_/),
    });
    expect(refused).toMatchObject({ code: undefined, error: 'ECONNREFUSED' });
    expect(broken).toMatchObject({ code: 200, error: 'UND_ERR_SOCKET' });
  });
});

test('requests made with undici.request and with a Pool are observed', async () => {
  const { Pool, request } = await import('undici');
  const { url } = await serve((_, response) => response.writeHead(503).end('busy'));
  const pool = new Pool(url);

  for (const { body } of [
    await request(url),
    await pool.request({ path: '/p', method: 'POST', body: 'x' }),
  ]) {
    await body.text();
  }
  await pool.close();

  expect((await recorder.take(2)).map(({ operation, code, error }) => [operation, code, error])).toEqual([
    ['GET', 503, '503'],
    ['POST', 503, '503'],
  ]);
});

type Connect = (options: object) => Promise<{ socket: net.Socket }>;
type Undici = typeof import('undici');

/** Node exports its own undici nowhere, but this is its dispatcher as long as no other copy has been loaded. */
const nodeDispatcher = fetch('data:,').then(
  () => Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1')) as { connect: Connect },
);

const connects = [
  ['the fetch of Node', async () => nodeDispatcher],
  ['undici 6', async () => (await import('undici6')).getGlobalDispatcher()],
  ['undici 7', async () => (await import('undici7')).getGlobalDispatcher()],
  ['undici 8', async () => (await import('undici')).getGlobalDispatcher()],
] as const;

/** A proxy that answers a CONNECT to `bad.example` with 407 and leads every other one to the same server. */
async function serveProxy(to: number): Promise<string> {
  const { server, url } = await serve(() => {});
  server.on('connect', (request, socket) => {
    socket.on('error', () => {});
    if (request.url?.startsWith('bad.example'))
      return void socket.end('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n');
    const target = net.connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => {}).on('close', () => socket.destroy());
    return undefined;
  });
  return url;
}

test.each(connects)('a CONNECT by %s ends with its answer', async (_, load) => {
  const { port } = await serve(() => {});
  const origin = await serveProxy(port);
  const dispatcher = (await load()) as { connect: Connect };

  for (const path of ['db.example:5432', 'bad.example:443'])
    (await dispatcher.connect({ origin, path })).socket.destroy();

  const calls = await recorder.take(2);
  expect(calls.map(({ operation, code, error }) => [operation, code, error])).toEqual([
    ['CONNECT', 200, undefined],
    ['CONNECT', 407, '407'],
  ]);
  expect(calls[0]?.attributes).toMatchObject({
    'server.address': 'db.example',
    'server.port': 5432,
    'url.full': 'http://db.example:5432',
  });
});

describe.each([
  ['undici 6', async () => (await import('undici6')) as unknown as Undici],
  ['undici 7', async () => (await import('undici7')) as unknown as Undici],
  ['undici 8', async () => await import('undici')],
])('%s', (_, load) => {
  test.each([true, false])('a request through its ProxyAgent, with a tunnel: %s', async (proxyTunnel) => {
    const { url, port } = await serve((_, response) => response.end('through'));
    const uri = proxyTunnel ? await serveProxy(port) : url;
    const { ProxyAgent, request } = await load();
    const dispatcher = new ProxyAgent({ uri, proxyTunnel });

    const { body } = await request('http://orders.example:81/v1', { dispatcher });
    expect(await body.text()).toBe('through');
    await dispatcher.close();

    const calls = await recorder.take(url === uri ? 1 : 2);
    expect(calls.map(({ operation }) => operation)).toEqual(url === uri ? ['GET'] : ['CONNECT', 'GET']);
    for (const { attributes } of calls)
      expect(attributes).toMatchObject({ 'server.address': 'orders.example', 'server.port': 81 });
    expect(calls.at(-1)?.attributes['url.full']).toBe('http://orders.example:81/v1');
  });

  test('what the application stops itself is not an error', async () => {
    const { url } = await serve((_, response) => response.write('part'.repeat(1_000)));
    const { Agent, request, stream } = await load();
    const controller = new AbortController();
    const agent = new Agent();
    const begin = async (options = {}) => {
      const { body } = await request(url, options);
      return body.on('error', () => {});
    };

    (await begin()).destroy();
    for await (const _ of await begin()) break;
    await (await begin()).dump({ limit: 10 });
    const { signal } = controller;
    await begin({ signal });
    controller.abort(new Error('left'));
    await begin({ dispatcher: agent });
    await agent.destroy();
    const target = new PassThrough();
    setTimeout(() => target.destroy(), 20);
    await expect(stream(url, { method: 'GET' }, () => target)).rejects.toThrow();

    expect((await recorder.take(6)).map(({ code, error }) => [code, error])).toEqual(
      Array(6).fill([200, undefined]),
    );
  });

  test('a back end is not blamed when the client leaves whose body it is sent', async () => {
    const { url } = await serve((request) => request.resume());
    const { request } = await load();
    const seen = Promise.withResolvers<unknown>();
    const front = await serve((incoming, response) => {
      request(url, { method: 'POST', body: incoming }).catch(seen.resolve);
      response.on('error', () => {});
    });
    const client = http.request(front.url, { method: 'POST' }).on('error', () => {});
    client.write('part');
    setTimeout(() => client.destroy(), 50);

    expect(await seen.promise).toMatchObject({ code: 'ECONNRESET' });
    expect((await recorder.take(1))[0]).toMatchObject({
      operation: 'POST',
      code: undefined,
      error: undefined,
    });
  });

  test('a timeout, and an answer of a proxy that makes no connection, are errors', async () => {
    const { url, port } = await serve(() => {});
    const { Agent, ProxyAgent, request } = await load();
    const dispatcher = new ProxyAgent({ uri: await serveProxy(port), proxyTunnel: true });

    await expect(request(url, { headersTimeout: 50, dispatcher: new Agent() })).rejects.toThrow();
    await expect(request('http://bad.example/', { dispatcher })).rejects.toThrow();

    const calls = await recorder.take(3);
    expect(calls.map(({ operation, code, error }) => [operation, code, error])).toEqual([
      ['GET', undefined, 'UND_ERR_HEADERS_TIMEOUT'],
      ['CONNECT', 407, '407'],
      ['GET', undefined, 'UND_ERR_ABORTED'],
    ]);
  });

  test('behind its dns interceptor the server keeps its name', async () => {
    const { port } = await serve((_, response) => response.end());
    const { Agent, interceptors, request } = await load();
    const dispatcher = new Agent().compose(
      interceptors.dns({
        lookup: (_origin, _options, callback) =>
          callback(null, [{ address: '127.0.0.1', family: 4, ttl: 1_000 }]),
      }),
    );

    await (await request(`http://orders.example:${port}/v1`, { dispatcher })).body.text();

    expect((await recorder.take(1))[0]?.attributes).toMatchObject({
      'server.address': 'orders.example',
      'server.port': port,
      'url.full': `http://orders.example:${port}/v1`,
    });
  });
});

test('a WebSocket handshake is not observed', async () => {
  const { url } = await serve((_, response) => response.end());
  const socket = new WebSocket(url.replace('http', 'ws'));

  await once(socket, 'error');

  await recorder.take(0);
});

test("Redhook's own requests are not observed", async () => {
  const { url } = await serve((_, response) => response.end());

  await (await asOwnTraffic(() => fetch(url))).text();

  await recorder.take(0);
});

import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import http, { type ClientRequest, type IncomingMessage, type RequestListener } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { asOwnTraffic } from '../../src/calls/own-traffic.js';
import { httpClient } from '../../src/instrumentations/http-client.js';
import { log } from '../../src/log.js';
import { record } from '../support/recorder.js';
import { unreadable } from '../support/unreadable.js';

const recorder = record(httpClient);
const servers: net.Server[] = [];
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const traced = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: TRACE_ID,
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.SAMPLED,
  }),
  propagation.createBaggage({ tenant: { value: 'a' } }),
);

afterEach(() => {
  for (const server of servers.splice(0)) {
    if (server instanceof http.Server) server.closeAllConnections();
    server.close();
  }
  recorder.ended.length = 0;
});

/** Starts a server and returns its port. By default it answers with the headers that it received. */
async function serve(
  handler: RequestListener = (request, response) => response.end(JSON.stringify(request.headers)),
) {
  return listen(http.createServer(handler));
}

async function listen(server: net.Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function bodyOf(request: ClientRequest): Promise<string> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
}

/** Waits until a request fails or closes and returns the error that the application saw. */
async function failureOf(request: ClientRequest): Promise<unknown> {
  return new Promise((resolve) => request.on('error', resolve).on('close', () => resolve(undefined)));
}

test('every way to make a request is one call with the same target', async () => {
  const port = await serve();
  const url = `http://127.0.0.1:${port}/p?a=1`;

  for (const request of [
    http.get(url),
    http.get(new URL(url)),
    http.get({ host: '127.0.0.1', port, path: '/p?a=1' }),
    http.get(url, { headers: { a: 'b' } }),
    http.get(new URL(url), () => {}),
    http.request(url, { method: 'GET', agent: false }).end(),
    http
      .request({
        hostname: '127.0.0.1',
        port: String(port),
        path: '/p?a=1',
        headers: { host: `127.0.0.1:${port}` },
      })
      .end(),
  ]) {
    await bodyOf(request);
  }

  for (const { attributes, operation, code } of await recorder.take(7)) {
    expect(operation).toBe('GET');
    expect(code).toBe(200);
    expect(attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': url,
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
    });
  }
});

test.each([
  ['an object', { headers: { a: 'b' } }],
  ['a flat array', { headers: ['host', 'x', 'a', 'b', 'traceparent', 'old'] }],
  ['an object with Expect', { method: 'POST', headers: { expect: '100-continue' } }],
] as const)('the trace context and baggage are added to headers passed as %s', async (_, options) => {
  const port = await serve();

  const request = context.with(traced, () =>
    http.request({ host: '127.0.0.1', port, ...(options as http.RequestOptions) }).end(),
  );

  const received = JSON.parse(await bodyOf(request));
  const [call] = await recorder.take(1);
  expect(received).toMatchObject({
    traceparent: `00-${TRACE_ID}-${call?.spanId}-01`,
    baggage: 'tenant=a',
    ...('headers' in options && 'expect' in options.headers ? { expect: '100-continue' } : { a: 'b' }),
  });
});

test('credentials and signatures never get into url.full', async () => {
  const port = await serve();

  await bodyOf(http.get(`http://user:pass@127.0.0.1:${port}/?X-Amz-Signature=s3cret&b=2`));
  await bodyOf(http.get({ host: '127.0.0.1', port, path: 'http://user:pass@target.example/?sig=s3cret' }));

  const urls = (await recorder.take(2)).map(({ attributes }) => attributes['url.full']);
  expect(urls).toEqual([
    `http://127.0.0.1:${port}/?X-Amz-Signature=REDACTED&b=2`,
    'http://REDACTED:REDACTED@target.example/?sig=REDACTED',
  ]);
});

test('a 4xx status is an error', async () => {
  const port = await serve((_, response) => response.writeHead(404).end());

  await bodyOf(http.get({ port, host: '127.0.0.1' }));

  expect((await recorder.take(1))[0]).toMatchObject({ code: 404, error: '404' });
});

test('a refused connection and an unresolved host name are errors', async () => {
  const port = await listen(net.createServer());
  servers.pop()?.close();

  expect(await failureOf(http.get({ port, host: '127.0.0.1' }))).toMatchObject({ code: 'ECONNREFUSED' });
  expect(await failureOf(http.get('http://nowhere.invalid/'))).toBeInstanceOf(Error);

  const [refused, unknown] = await recorder.take(2);
  expect(refused).toMatchObject({ code: undefined, error: 'ECONNREFUSED' });
  expect(unknown?.error).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
});

test('a timeout is an error, by destroy() and by AbortSignal.timeout()', async () => {
  const port = await serve(() => {});
  const byDestroy = http.get({ port, host: '127.0.0.1', timeout: 20 });
  byDestroy.on('timeout', () => byDestroy.destroy());

  expect(await failureOf(byDestroy)).toMatchObject({ code: 'ECONNRESET' });
  expect(
    await failureOf(http.get({ port, host: '127.0.0.1', signal: AbortSignal.timeout(20) })),
  ).toMatchObject({
    name: 'AbortError',
  });

  expect((await recorder.take(2)).map(({ error }) => error)).toEqual(['ECONNRESET', 'TimeoutError']);
});

test("a request cancelled by the caller's own signal is not an error", async () => {
  const port = await serve((_, response) => response.write('part'));
  const before = new AbortController();
  const during = new AbortController();

  const early = http.get({ port, host: '127.0.0.1', signal: before.signal });
  before.abort();
  expect(await failureOf(early)).toMatchObject({ name: 'AbortError' });
  const late = http.get({ port, host: '127.0.0.1', signal: during.signal });
  late.on('response', (response) => response.on('error', () => {}).on('data', () => during.abort()));
  await failureOf(late);
  const old = http.get({ port, host: '127.0.0.1' });
  old.on('response', (response) => response.on('error', () => {}).on('data', () => old.abort()));
  await failureOf(old);

  expect((await recorder.take(3)).map(({ code, error }) => [code, error])).toEqual([
    [undefined, undefined],
    [200, undefined],
    [200, undefined],
  ]);
});

type Stop = (request: ClientRequest, response: IncomingMessage, agent: http.Agent) => unknown;

const bad = new RangeError('bad');

/** Gives up a response in the middle of its body. The error of the call is the last column. */
const stops: [string, Stop, string | undefined][] = [
  ['response.destroy()', (_, response) => response.destroy(), undefined],
  ['request.destroy()', (request) => request.destroy(), undefined],
  ['request.abort()', (request) => request.abort(), undefined],
  ['socket.destroy()', (_, response) => response.socket.destroy(), undefined],
  ['agent.destroy()', (_request, _response, agent) => agent.destroy(), undefined],
  ['break', (_, response) => readOne(response), undefined],
  ['take(1)', (_, response) => readOne(response.take(1)), undefined],
  ['reader.cancel()', (_, response) => Readable.toWeb(response).getReader().cancel(), undefined],
  [
    'a pipeline whose target is closed',
    (_, response) => {
      const target = new PassThrough();
      pipeline(response, target, () => {});
      target.destroy();
    },
    undefined,
  ],
  ['an AbortError', (_, response) => response.destroy(new DOMException('x', 'AbortError')), undefined],
  ['an error of its own', (_, response) => response.destroy(bad), 'RangeError'],
  ['an error of its own for the request', (request) => request.destroy(bad), 'RangeError'],
  ['a timeout and response.destroy()', afterTimeout((_, response) => response.destroy()), 'TimeoutError'],
  ['a timeout and request.destroy()', afterTimeout((request) => request.destroy()), 'ECONNRESET'],
  ['a timeout and request.abort()', afterTimeout((request) => request.abort()), 'ECONNRESET'],
];

async function readOne(response: Readable): Promise<void> {
  for await (const _ of response) break;
}

function afterTimeout(stop: Stop): Stop {
  return (request, response, agent) => request.setTimeout(20, () => stop(request, response, agent));
}

test.each(stops)('the error of a response that the application stops by %s', async (_, stop, error) => {
  const port = await serve((_, response) => response.write('part'));
  const agent = new http.Agent({ keepAlive: true });
  const request = http.get({ port, host: '127.0.0.1', agent }).on('error', () => {});
  const closed = failureOf(request);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});

  await stop(request, response, agent);
  await closed;

  expect((await recorder.take(1)).map((call) => [call.code, call.error])).toEqual([[200, error]]);
});

test('a request that the application stops before its answer has no error', async () => {
  const port = await serve(() => {});
  const agent = new http.Agent();
  const get = (options = {}): ClientRequest => http.get({ port, host: '127.0.0.1', ...options });

  await failureOf(get().destroy());
  const waiting = get();
  setTimeout(() => waiting.destroy(), 20);
  await failureOf(waiting);
  setTimeout(() => agent.destroy(), 20);
  await failureOf(get({ agent }));
  const controller = new AbortController();
  setTimeout(() => controller.abort(bad), 20);
  await failureOf(get({ signal: controller.signal }));

  expect((await recorder.take(4)).map(({ code, error }) => [code, error])).toEqual(
    Array(4).fill([undefined, undefined]),
  );
});

test('a server that closes the connection before or during its response is an error', async () => {
  const port = await serve((request, response) => {
    if (request.url === '/during') response.write('part', () => response.destroy());
    else response.destroy();
  });

  await failureOf(http.get({ port, host: '127.0.0.1', path: '/before' }));
  const during = http.get({ port, host: '127.0.0.1', path: '/during' });
  during.on('response', (response) => response.on('error', () => {}).resume());
  await failureOf(during);

  expect((await recorder.take(2)).map(({ code, error }) => [code, error])).toEqual([
    [undefined, 'ECONNRESET'],
    [200, 'ECONNRESET'],
  ]);
});

test('a response that is never read ends with its socket', async () => {
  const port = await serve((_, response) => response.end('x'.repeat(100)));
  const agent = new http.Agent({ keepAlive: true });

  const request = http.get({ port, host: '127.0.0.1', agent });
  await once(request, 'response');
  await recorder.take(0);
  agent.destroy();

  expect((await recorder.take(1))[0]?.code).toBe(200);
});

test('an upgrade and a CONNECT end with their response', async () => {
  const server = http.createServer();
  for (const event of ['upgrade', 'connect']) {
    server.on(event, (_, socket) =>
      socket.end(
        event === 'upgrade'
          ? 'HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\n\r\n',
      ),
    );
  }
  const port = await listen(server);

  for (const [event, options] of [
    ['upgrade', { headers: { connection: 'Upgrade', upgrade: 'x' } }],
    ['connect', { method: 'CONNECT', path: 'a.example:443' }],
  ] as const) {
    const request = http.request({ port, host: '127.0.0.1', ...options }).end();
    const [, socket] = await once(request, event);
    socket.destroy();
  }

  expect((await recorder.take(2)).map(({ operation, code }) => [operation, code])).toEqual([
    ['GET', 101],
    ['CONNECT', 200],
  ]);
});

test('the server is the one that was asked for, not the proxy that was asked', async () => {
  const server = http.createServer((_, response) => response.end());
  server.on('connect', (_, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  const port = await listen(server);
  const proxy = { host: '127.0.0.1', port };
  const agent = new http.Agent({ proxyEnv: { HTTP_PROXY: `http://127.0.0.1:${port}` } } as http.AgentOptions);

  await bodyOf(http.get({ ...proxy, path: 'http://orders.example/v1', headers: { host: 'other' } }));
  await bodyOf(http.get({ ...proxy, path: 'http://stock.example:8080/v1' }));
  await bodyOf(http.get({ ...proxy, path: '/v1', headers: { host: 'users.example:81' } }));
  await bodyOf(http.get({ ...proxy, path: '/v1', headers: ['Host', 'list.example:82'] }));
  await bodyOf(http.request({ ...proxy, method: 'OPTIONS', path: '*' }).end());
  const connect = http.request({ ...proxy, method: 'CONNECT', path: 'db.example:5432' }).end();
  (await once(connect, 'connect'))[1].destroy();
  const expected = [
    ['orders.example', 80, 'http://orders.example/v1'],
    ['stock.example', 8080, 'http://stock.example:8080/v1'],
    ['users.example', 81, 'http://users.example:81/v1'],
    ['list.example', 82, 'http://list.example:82/v1'],
    ['127.0.0.1', port, `http://127.0.0.1:${port}`],
    ['db.example', 5432, 'http://db.example:5432'],
  ];
  // Node has this option since 24.5.
  if (!process.version.startsWith('v22')) {
    await bodyOf(http.get('http://env.example/v1', { agent }));
    expected.push(['env.example', 80, 'http://env.example/v1']);
  }

  const calls = await recorder.take(expected.length);
  expect(calls.map(({ attributes: a }) => [a['server.address'], a['server.port'], a['url.full']])).toEqual(
    expected,
  );
});

test('a request over a Unix socket has its path as address, and no port', async () => {
  const socketPath = path.join(await mkdtemp(path.join(tmpdir(), 'redhook-')), 'a.sock');
  const server = http.createServer((_, response) => response.end());
  servers.push(server);
  server.listen(socketPath);
  await once(server, 'listening');

  await bodyOf(http.get({ socketPath, path: '/v1' }));
  await bodyOf(http.get({ socketPath, path: '/v1', headers: { host: 'docker' }, agent: false }));
  await bodyOf(http.get({ path: '/v1', createConnection: () => net.connect(socketPath) }));

  const calls = await recorder.take(3);
  expect(calls.map(({ attributes: a }) => [a['server.address'], a['server.port'], a['url.full']])).toEqual([
    [socketPath, undefined, 'http://localhost/v1'],
    [socketPath, undefined, 'http://docker/v1'],
    ['localhost', undefined, 'http://localhost/v1'],
  ]);
});

test('a connection that the application makes itself has the port that it leads to', async () => {
  const port = await serve();
  const closed = await listen(net.createServer());
  servers.pop()?.close();
  const get = (to: number, options = {}): ClientRequest =>
    http.get({ host: 'orders', createConnection: () => net.connect(to, '127.0.0.1'), ...options });

  await bodyOf(get(port));
  await bodyOf(get(port, { port: 8080 }));
  await failureOf(get(closed));

  const calls = await recorder.take(3);
  expect(calls.map(({ attributes: a }) => [a['server.address'], a['server.port']])).toEqual([
    ['orders', port],
    ['orders', 8080],
    ['orders', closed],
  ]);
});

test('the application sees the same response, context and listeners as without Redhook', async () => {
  const port = await serve((_, response) => response.end('ok'));
  let seen: unknown;

  const request = http.get({ port, host: '127.0.0.1' }, () => {
    seen = recorder.calls.current;
  });
  expect(request.eventNames()).toEqual(['response']);
  expect(await bodyOf(request)).toBe('ok');

  await recorder.take(1);
  expect(seen).toBeUndefined();
});

test("Redhook's own requests are not observed", async () => {
  const port = await serve();

  await bodyOf(asOwnTraffic(() => http.get({ port, host: '127.0.0.1' })));

  await recorder.take(0);
});

test('an error that throws when it is read ends the call like any other', async () => {
  const fault = vi.spyOn(log, 'error');
  const createConnection: http.RequestOptions['createConnection'] = (_, done) => {
    done(unreadable(), new PassThrough());
    return undefined;
  };

  await failureOf(http.get({ createConnection }));

  expect((await recorder.take(1)).map(({ code, error }) => [code, error])).toEqual([[undefined, '_OTHER']]);
  expect(fault).not.toHaveBeenCalled();
});

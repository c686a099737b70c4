import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { context, createContextKey } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { markAsOwn } from '../../src/calls/own-traffic.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { createCertificate, hasOpenssl } from '../support/certificate.js';
import { record } from '../support/recorder.js';

const recorder = record(httpServer);
const servers: (http.Server | https.Server)[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  recorder.ended.length = 0;
});

async function serve(handler?: RequestListener, options: http.ServerOptions = {}): Promise<Served> {
  const server = http.createServer(options, handler);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}` };
}

interface Served {
  server: http.Server;
  port: number;
  url: string;
}

/** Sends raw bytes and returns everything received until the server closes or `until` matches. */
async function raw(port: number, bytes: string, until = /$^/): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk;
    if (until.test(answer)) break;
  }
  socket.destroy();
  return answer;
}

test('a request is one call with the attributes that the conventions require', async () => {
  const { url, port } = await serve((_, response) => response.end('ok'));

  await (
    await fetch(`${url}/a/b?q=1&sig=secret`, {
      headers: {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'user-agent': 'tester/1',
      },
    })
  ).text();

  const [call] = await recorder.take(1);
  expect(call).toEqual({
    kind: 'server',
    operation: 'GET',
    route: undefined,
    code: 200,
    error: undefined,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: expect.any(String),
    parentSpanId: 'b7ad6b7169203331',
    messages: 1,
    links: [],
    attributes: {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/a/b',
      'url.query': 'q=1&sig=REDACTED',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'server.address': '127.0.0.1',
      'server.port': port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'user_agent.original': 'tester/1',
    },
  });
});

test('a 5xx status is an error, a 4xx status is not', async () => {
  const { url } = await serve((request, response) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end();
  });

  for (const code of [404, 500]) await fetch(`${url}/${code}`);

  const calls = await recorder.take(2);
  expect(calls.map(({ code, error }) => [code, error])).toEqual([
    [404, undefined],
    [500, '500'],
  ]);
});

test('each request on a keep-alive connection is its own call, pipelined or not', async () => {
  const { port } = await serve((request, response) => response.end(request.url));
  const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

  await raw(port, get('/1') + get('/2') + get('/3', 'Connection: close\r\n'));

  const calls = await recorder.take(3);
  expect(calls.map(({ attributes }) => attributes['url.path'])).toEqual(['/1', '/2', '/3']);
});

test('pipelined requests that are still waiting when the client leaves end as aborted', async () => {
  let handled = 0;
  const { port } = await serve((_, response) => {
    handled += 1;
    // The first request is never answered, so the other responses never get a socket.
    if (handled > 1) response.end();
  });
  const socket = net.connect(port, '127.0.0.1');
  socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(12));
  await expect.poll(() => handled).toBe(12);
  socket.destroy();

  const calls = await recorder.take(12);
  expect(new Set(calls.map(({ error }) => error))).toEqual(new Set(['aborted']));
});

test('HEAD is recorded, and an unknown method becomes _OTHER', async () => {
  const { url, port } = await serve((_, response) => response.end('body'));

  await fetch(url, { method: 'HEAD' });
  await raw(port, 'PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');

  const calls = await recorder.take(2);
  expect(calls.map(({ operation }) => operation)).toEqual(['HEAD', '_OTHER']);
  expect(calls[1]?.attributes['http.request.method_original']).toBe('PROPFIND');
});

test('a request with an Expect header is observed, handled by a listener or not', async () => {
  const { server, port } = await serve((_, response) => response.end('done'));
  const request = (expectation: string): string =>
    `POST / HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`;

  await raw(port, request('100-continue'));
  server.on('checkContinue', (_, response) => {
    response.writeContinue();
    response.statusCode = 202;
    response.end();
  });
  await raw(port, request('100-continue'));
  await raw(port, request('the-moon'));

  expect((await recorder.take(3)).map(({ code }) => code)).toEqual([200, 202, 417]);
});

test('a request that Node itself rejects is counted, a malformed one is not', async () => {
  const { port } = await serve((_, response) => response.end());

  expect(await raw(port, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
  expect(await raw(port, '\x16\x03 garbage\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);

  expect((await recorder.take(1))[0]?.code).toBe(400);
});

test('a client that leaves before or during the response aborts the call', async () => {
  const { port } = await serve((request, response) => {
    if (request.url === '/during') response.write('first part');
  });

  const socket = net.connect(port, '127.0.0.1');
  socket.write('GET /before HTTP/1.1\r\nHost: x\r\n\r\n');
  await delay(50);
  socket.destroy();
  const [before] = await recorder.take(1);
  await raw(port, 'GET /during HTTP/1.1\r\nHost: x\r\n\r\n', /first part/);
  const [during] = await recorder.take(1);

  expect([before?.code, before?.error]).toEqual([undefined, 'aborted']);
  expect([during?.code, during?.error]).toEqual([200, 'aborted']);
});

test('res.destroy() is an error, with and without a reason', async () => {
  const { url } = await serve((request, response) => {
    response.destroy(
      request.url === '/why' ? Object.assign(new Error('no disk'), { code: 'ENOSPC' }) : undefined,
    );
  });

  await expect(fetch(`${url}/`)).rejects.toThrow();
  await expect(fetch(`${url}/why`)).rejects.toThrow();

  expect((await recorder.take(2)).map(({ error }) => error)).toEqual(['aborted', 'ENOSPC']);
});

test('a response that Node times out is aborted', async () => {
  const { server, url } = await serve(() => {});
  server.setTimeout(30);

  await expect(fetch(url)).rejects.toThrow();

  expect((await recorder.take(1))[0]).toMatchObject({ code: undefined, error: 'aborted' });
});

test('an upgrade ends with the status line written to its socket', async () => {
  const { server, port } = await serve();
  server.on('upgrade', (request, socket) => {
    socket.resume().on('end', () => socket.end());
    if (request.url === '/ok') socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nhello');
    else socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
  });
  const upgrade = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n`;

  expect(await raw(port, upgrade('/ok'), /hello/)).toMatch(/^HTTP\/1.1 101 .*hello/s);
  await raw(port, upgrade('/no'));

  expect((await recorder.take(2)).map(({ code }) => code)).toEqual([101, 401]);
});

test('the socket of an upgrade is restored, and patches of the application stay on it', async () => {
  const { server, port } = await serve();
  const written: unknown[] = [];
  const own: string[][] = [];
  server.on('upgrade', (request, socket) => {
    socket.resume().on('end', () => socket.end());
    const { write } = socket;
    if (request.url === '/patched') {
      socket.write = (chunk: unknown) => {
        written.push(chunk);
        return write.call(socket, chunk as string, 'utf8');
      };
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    socket.write('one');
    own.push(['write', 'end'].filter((name) => Object.hasOwn(socket, name)));
    socket.end('hello');
  });
  const upgrade = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n`;

  for (const path of ['/plain', '/patched'])
    expect(await raw(port, upgrade(path), /hello/)).toMatch(/101 .*onehello/s);

  expect((await recorder.take(2)).map(({ code }) => code)).toEqual([101, 101]);
  expect(own).toEqual([[], ['write']]);
  expect(written).toEqual(['HTTP/1.1 101 Switching Protocols\r\n\r\n', 'one']);
});

test('a CONNECT ends when it is answered or when its socket is closed', async () => {
  const { server, port } = await serve();
  server.on('connect', (request, socket) => {
    if (request.url === 'good:443') socket.end(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    else socket.destroy();
  });

  await raw(port, 'CONNECT good:443 HTTP/1.1\r\nHost: good:443\r\n\r\n');
  await raw(port, 'CONNECT bad:443 HTTP/1.1\r\nHost: bad:443\r\n\r\n');

  const calls = await recorder.take(2);
  expect(calls.map(({ operation, code, error }) => [operation, code, error])).toEqual([
    ['CONNECT', 200, undefined],
    ['CONNECT', undefined, 'aborted'],
  ]);
});

test('the handler, its continuations, and every listener run inside the call', async () => {
  const seen = new Map<string, unknown>();
  const note = (where: string): void => void seen.set(where, recorder.calls.current);
  const { port } = await serve(async (request, response) => {
    note('handler');
    for (const event of ['data', 'end', 'close']) request.on(event, () => note(`request ${event}`));
    for (const event of ['finish', 'close']) response.on(event, () => note(`response ${event}`));
    setTimeout(() => note('timer'), 1);
    await delay(5);
    note('await');
    request.on('end', () => response.end());
  });
  const socket = net.connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab');
  await delay(20);
  socket.write('cd');
  await recorder.take(1);
  socket.destroy();

  const [call, ...others] = new Set(seen.values());
  expect(call).toBeDefined();
  expect(others).toEqual([]);
  expect([...seen.keys()].sort()).toEqual([
    'await',
    'handler',
    'request close',
    'request data',
    'request end',
    'response close',
    'response finish',
    'timer',
  ]);
});

test('requests on one connection never see the call of another', async () => {
  const key = createContextKey('leak');
  const seen: unknown[] = [];
  const { port } = await serve((_, response) => {
    seen.push(context.active().getValue(key));
    context.with(context.active().setValue(key, 'leaked'), () => response.end());
  });

  await raw(port, `${'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2)}GET / HTTP/1.0\r\n\r\n`);

  await recorder.take(3);
  expect(seen).toEqual([undefined, undefined, undefined]);
});

test('a context that the application sets inside the call stays current in listeners', async () => {
  const key = createContextKey('inner');
  let seen: unknown;
  const { url } = await serve((_, response) => {
    response.on('custom', () => {
      seen = context.active().getValue(key);
    });
    context.with(context.active().setValue(key, 'mine'), () => response.emit('custom'));
    response.end();
  });

  await fetch(url);

  await recorder.take(1);
  expect(seen).toBe('mine');
});

test('a handler that throws still throws to its caller', async () => {
  const { server, url } = await serve();
  const thrown = new Error('handler');
  let caught: unknown;
  server.on('request', (_, response) => {
    try {
      server.emit('other');
    } catch (error) {
      caught = error;
      response.end();
    }
  });
  server.on('other', () => {
    throw thrown;
  });

  await fetch(url);

  await recorder.take(1);
  expect(caught).toBe(thrown);
});

test('a request handed to a second server is still one call', async () => {
  const inner = http.createServer((_, response) => response.end('inner'));
  const { url } = await serve((request, response) => inner.emit('request', request, response));

  expect(await (await fetch(url)).text()).toBe('inner');

  await recorder.take(1);
});

test("Redhook's own servers are not observed", async () => {
  const { server, url } = await serve((_, response) => response.end());
  markAsOwn(server);

  await fetch(url);

  await recorder.take(0);
});

test('malformed headers and URLs still make a call', async () => {
  const { port } = await serve((_, response) => response.end());
  const hosts = ['[::1', ':::', 'a:99999999', 'é', 'x'.repeat(4000), ''];

  for (const host of hosts) {
    await raw(port, `GET //\\%zz?&&== HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  }
  await raw(port, 'GET http://u:p@h:80/abs?x HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n');

  const calls = await recorder.take(hosts.length + 1);
  expect(calls.at(-1)?.attributes['url.path']).toBe('/abs');
});

test.runIf(hasOpenssl())('a node:https server is observed', async () => {
  const { key, cert, remove } = createCertificate();
  const server = https.createServer({ key, cert }, (_, response) => response.end('safe'));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const [response] = await once(https.get({ port, host: '127.0.0.1', path: '/s', ca: cert }), 'response');
  response.resume();

  expect((await recorder.take(1))[0]?.attributes).toMatchObject({
    'url.scheme': 'https',
    'url.path': '/s',
    'server.port': port,
  });
  remove();
});

test.each([
  ['https', { 'x-forwarded-proto': 'https' }],
  ['https', { 'x-forwarded-proto': 'https,http' }],
  ['https', { 'x-forwarded-proto': 'https, https' }],
  ['https', { 'x-forwarded-proto': 'HTTPS' }],
  ['http', { 'x-forwarded-proto': 'http, https' }],
  ['https', { forwarded: 'for=192.0.2.1;proto=https;host=shop.example' }],
  ['https', { forwarded: 'For="[2001:db8::1]:4711"; Proto=HTTPS, for=10.0.0.1;proto=http' }],
  ['http', { 'x-forwarded-proto': 'gopher' }],
  ['http', { forwarded: 'proto=gopher' }],
])('the scheme is %s with the headers %j', async (scheme, headers) => {
  const { url } = await serve((_, response) => response.end());

  await fetch(url, { headers });

  expect((await recorder.take(1))[0]?.attributes['url.scheme']).toBe(scheme);
});

test.each([
  [{ 'x-forwarded-host': 'shop.example', 'x-forwarded-for': '203.0.113.7, 10.0.0.1' }, '203.0.113.7'],
  [{ forwarded: 'for="[2001:db8::1]:4711";host="shop.example:80"' }, '2001:db8::1'],
  [{ forwarded: 'for=unknown;host=shop.example' }, '127.0.0.1'],
])('a proxy names the original host and the client: %j', async (headers, client) => {
  const { url } = await serve((_, response) => response.end());

  await fetch(url, { headers });

  expect((await recorder.take(1))[0]?.attributes).toMatchObject({
    'server.address': 'shop.example',
    'server.port': 80,
    'client.address': client,
  });
});

test('calls leave a pipelined connection when they end, and none is left of a tunnel', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const calls: WeakRef<object>[] = [];
  const sockets: net.Socket[] = [];
  const handle = (request: IncomingMessage, response?: http.ServerResponse): void => {
    calls.push(new WeakRef(recorder.calls.of(request) as object));
    sockets.push(request.socket);
    if (response !== undefined) setImmediate(() => response.end('ok'));
    else request.socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  };
  const { server, port } = await serve(handle);
  server.on('upgrade', (request) => handle(request));
  const socket = net.connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });

  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(8));
  await recorder.take(8);
  const listeners = sockets[0]?.listenerCount('close');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n');
  await recorder.take(1);
  const listenersOfTunnel = sockets.at(-1)?.listenerCount('close');
  const held = (): number => {
    collectGarbage();
    return calls.filter((call) => call.deref() !== undefined).length;
  };
  await expect.poll(held, { timeout: 5_000 }).toBe(0);
  for (const each of [socket, ...sockets]) each.destroy();

  expect(answer).toContain('101 Switching');
  expect(calls).toHaveLength(9);
  expect(listenersOfTunnel).toBeLessThanOrEqual(listeners ?? 0);
});

test('an upgrade or CONNECT handed to a second server is one call', async () => {
  const inner = http.createServer();
  inner.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  inner.on('connect', (_, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  const { server, port } = await serve();
  for (const event of ['upgrade', 'connect'])
    server.on(event, (...handed: unknown[]) => inner.emit(event, ...handed));

  await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n');
  await raw(port, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');

  expect((await recorder.take(2)).map(({ operation, code }) => [operation, code])).toEqual([
    ['GET', 101],
    ['CONNECT', 200],
  ]);
});

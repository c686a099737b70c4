import { once } from 'node:events';
import http2, { type ServerHttp2Stream } from 'node:http2';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterEach, expect, test } from 'vitest';
import type { CallRecord } from '../../src/calls/observer.js';
import { fastify } from '../../src/instrumentations/fastify.js';
import { grpcServer } from '../../src/instrumentations/grpc-server.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { http2Server } from '../../src/instrumentations/http2-server.js';
import { createCertificate, hasOpenssl } from '../support/certificate.js';
import { record } from '../support/recorder.js';
import { unreadable } from '../support/unreadable.js';

const recorder = record(httpServer, http2Server, grpcServer, fastify);
const open: { close(): unknown }[] = [];

afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
  recorder.ended.length = 0;
});

type OnStream = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

interface Served {
  port: number;
  client: http2.ClientHttp2Session;
}

/** Starts a server and connects a client to it. */
async function serve(server: http2.Http2Server | http2.Http2SecureServer): Promise<Served> {
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const secure = 'setSecureContext' in server;
  const client = http2.connect(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  open.push({
    close() {
      client.destroy();
      for (const session of sessions) session.destroy();
      server.close();
    },
  });
  await once(client, 'connect');
  return { port, client };
}

function serveStreams(onStream: OnStream): Promise<Served> {
  return serve(http2.createServer().on('stream', onStream));
}

/** Makes a request and waits for the end of its stream. */
async function ask(
  { client }: Served,
  headers: http2.OutgoingHttpHeaders = {},
  body?: string,
): Promise<{ status: number | undefined; text: string }> {
  const request = client.request(headers, { endStream: body === undefined });
  if (body !== undefined) request.end(body);
  let status: number | undefined;
  let text = '';
  request
    .on('response', (answer) => {
      status = answer[':status'];
    })
    .on('data', (chunk) => {
      text += chunk;
    })
    .on('error', () => {});
  await new Promise((resolve) => request.once('close', resolve));
  return { status, text };
}

function kind(): string | undefined {
  return (recorder.calls.current as CallRecord | undefined)?.kind;
}

test('a request is one call with the attributes that the conventions require', async () => {
  const served = await serveStreams((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });

  const { text } = await ask(served, {
    ':path': '/a/b?q=1&sig=secret',
    'x-forwarded-for': '10.1.2.3, 10.0.0.1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'user-agent': 'tester/1',
  });

  expect(text).toBe('ok');
  expect(await recorder.take(1)).toEqual([
    {
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
        'network.protocol.version': '2',
        'server.address': '127.0.0.1',
        'server.port': served.port,
        'client.address': '10.1.2.3',
        'network.peer.address': '127.0.0.1',
        'network.peer.port': expect.any(Number),
        'user_agent.original': 'tester/1',
      },
    },
  ]);
});

test('handlers and listeners run inside the call with the stream API and the compatibility API', async () => {
  const kinds: (string | undefined)[] = [];
  const note = (): number => kinds.push(kind());
  const listen = (stream: Readable): unknown => stream.on('data', note).on('end', note).on('close', note);

  const byStream = await serveStreams(async (stream) => {
    note();
    listen(stream);
    await once(stream, 'end');
    note();
    stream.respond({ ':status': 204 }, { endStream: true });
  });
  await ask(byStream, { ':method': 'POST' }, 'body');
  expect(await recorder.take(1)).toMatchObject([{ operation: 'POST', code: 204 }]);

  const byRequest = await serve(
    http2.createServer(async (request, response) => {
      note();
      listen(request);
      await once(request, 'end');
      note();
      response.on('finish', note).end('ok');
    }),
  );
  await ask(byRequest, { ':method': 'PUT' }, 'body');
  expect(await recorder.take(1)).toMatchObject([{ operation: 'PUT', code: 200 }]);

  expect(kinds).toEqual(Array(11).fill('server'));
});

test('each stream of a session is its own call', async () => {
  const served = await serveStreams(async (stream, headers) => {
    await delay(1);
    stream.respond({ ':status': Number(headers['x-status']) });
    stream.end();
  });

  await Promise.all(Array.from({ length: 50 }, (_, i) => ask(served, { 'x-status': i % 2 ? 404 : 500 })));

  const calls = await recorder.take(50);
  expect(calls.filter(({ code, error }) => code === 404 && error === undefined)).toHaveLength(25);
  expect(calls.filter(({ code, error }) => code === 500 && error === '500')).toHaveLength(25);
  expect(new Set(calls.map(({ traceId }) => traceId)).size).toBe(50);
});

test('files, responses without a body, pushed streams and unknown methods are one call per request', async () => {
  const file = join(import.meta.dirname, '../../package.json');
  const served = await serveStreams((stream, headers) => {
    if (headers[':path'] === '/file') stream.respondWithFile(file);
    else if (headers[':path'] === '/push')
      stream.pushStream({ ':path': '/pushed' }, (_, pushed) => {
        pushed.respond();
        pushed.end('pushed');
        stream.respond({ ':status': 200 }, { endStream: true });
      });
    else stream.respond({ ':status': 304 }, { endStream: true });
  });
  served.client.on('stream', (pushed) => pushed.resume());

  expect((await ask(served, { ':path': '/file' })).text).toContain('"redhook"');
  await ask(served, { ':path': '/none', ':method': 'HEAD' });
  await ask(served, { ':path': '/push' });
  await ask(served, { ':method': 'PROPFIND' });

  expect((await recorder.take(4)).map(({ operation, code, error }) => [operation, code, error])).toEqual([
    ['GET', 200, undefined],
    ['HEAD', 304, undefined],
    ['GET', 200, undefined],
    ['_OTHER', 304, undefined],
  ]);
});

test('a client that leaves before or during the response aborts the call', async () => {
  const served = await serveStreams((stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/silent') return;
    stream.respond();
    stream.write('begun');
  });

  const silent = served.client.request({ ':path': '/silent' });
  await delay(30);
  silent.close(http2.constants.NGHTTP2_CANCEL);
  expect(await recorder.take(1)).toMatchObject([{ code: undefined, error: 'aborted' }]);

  const begun = served.client.request({ ':path': '/begun' }).on('error', () => {});
  begun.once('data', () => begun.destroy(new Error('enough')));
  expect(await recorder.take(1)).toMatchObject([{ code: 200, error: 'aborted' }]);

  const dropped = served.client.request({ ':path': '/begun' }).on('error', () => {});
  dropped.once('data', () => served.client.destroy());
  expect(await recorder.take(1)).toMatchObject([{ code: 200, error: 'aborted' }]);
});

test('a stream that the server resets or destroys is an error', async () => {
  const served = await serveStreams((stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/refused') stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    else if (headers[':path'] === '/odd') stream.destroy(unreadable());
    else stream.destroy(Object.assign(new Error('no more'), { code: 'E_NO_MORE' }));
  });

  await ask(served, { ':path': '/refused' });
  await ask(served, { ':path': '/broken' });
  await ask(served, { ':path': '/odd' });

  expect(await recorder.take(3)).toMatchObject([
    { code: undefined, error: 'aborted' },
    { code: undefined, error: 'E_NO_MORE' },
    { code: undefined, error: '_OTHER' },
  ]);
});

test('a CONNECT ends with its response headers', async () => {
  const served = await serveStreams((stream) => {
    stream.respond({ ':status': 200 });
    stream.write('tunnel');
  });

  served.client.request({ ':method': 'CONNECT', ':authority': 'db.example:5432' }).resume();

  expect(await recorder.take(1)).toMatchObject([
    {
      operation: 'CONNECT',
      code: 200,
      error: undefined,
      attributes: { 'server.address': 'db.example', 'server.port': 5432 },
    },
  ]);
});

test('a gRPC request is not counted as HTTP', async () => {
  const served = await serveStreams((stream) => {
    stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true });
  });

  await ask(
    served,
    { ':method': 'POST', ':path': '/shop.Orders/Get', 'content-type': 'application/grpc' },
    '',
  );

  expect(await recorder.take(1)).toMatchObject([{ attributes: { 'rpc.status_code': 'OK' } }]);
});

test.each(['application/grpc-web', 'application/grpc-web+proto', 'application/grpc-web-text'])(
  'a request of %s is HTTP',
  async (type) => {
    const served = await serveStreams((stream) => {
      stream.respond({ 'content-type': type });
      stream.end();
    });

    await ask(served, { ':method': 'POST', 'content-type': type }, 'x');

    expect(await recorder.take(1)).toMatchObject([{ operation: 'POST', code: 200, error: undefined }]);
  },
);

test('a request is gRPC only if its answer is, whatever the client says', async () => {
  const app = Fastify({ http2: true });
  app.addContentTypeParser('application/grpc', (_request, _payload, done) => done(null));
  app.post('/orders/:id', () => 'ok');
  app.post('/shop.Routed/Get', (_, reply) =>
    reply.header('grpc-status', '5').type('application/grpc').send(),
  );
  await app.ready();
  const served = await serve(app.server as unknown as http2.Http2Server);
  const headers = { ':method': 'POST', 'content-type': 'application/grpc', 'user-agent': 'curl' };

  await ask(served, { ...headers, ':path': '/orders/7' }, '');
  await ask(served, { ...headers, ':path': '/nothing' }, '');
  await ask(served, { ...headers, ':path': '/shop.Routed/Get' }, '');

  const [known, unknown, grpc] = await recorder.take(3);
  expect(known).toMatchObject({ operation: 'POST', route: '/orders/:id', code: 200, error: undefined });
  expect(known?.attributes).toEqual({
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'http.route': '/orders/:id',
    'http.response.status_code': 200,
    'network.protocol.version': '2',
    'url.path': '/orders/7',
    'server.address': '127.0.0.1',
    'server.port': served.port,
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': expect.any(Number),
    'user_agent.original': 'curl',
  });
  expect(unknown).toMatchObject({ route: undefined, code: 404, error: undefined });
  expect(grpc?.attributes).toMatchObject({ 'rpc.method': '_OTHER', 'rpc.status_code': 'NOT_FOUND' });
});

test('a request that is never answered is gRPC only if its server has answered with gRPC before', async () => {
  const headers = { ':method': 'POST', 'content-type': 'application/grpc' };
  const served = await serveStreams((stream, { ':path': path }) => {
    stream.on('error', () => {});
    if (path === '/answer') stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '0' });
    if (path === '/answer') stream.end();
  });
  const leave = async (): Promise<void> => {
    const request = served.client.request({ ...headers, ':path': '/' }).on('error', () => {});
    await delay(20);
    request.close(http2.constants.NGHTTP2_CANCEL);
  };

  await leave();
  expect(await recorder.take(1)).toMatchObject([{ operation: 'POST', code: undefined, error: 'aborted' }]);

  await ask(served, { ...headers, ':path': '/answer' }, '');
  await leave();
  expect(await recorder.take(2)).toMatchObject([{ code: 'OK' }, { code: 'CANCELLED', error: undefined }]);
});

test('Fastify names the route over HTTP/2', async () => {
  const app = Fastify({ http2: true });
  app.get('/orders/:id', () => 'ok');
  await app.ready();
  const served = await serve(app.server as unknown as http2.Http2Server);

  expect((await ask(served, { ':path': '/orders/7' })).status).toBe(200);
  expect((await ask(served, { ':path': '/nothing' })).status).toBe(404);

  expect((await recorder.take(2)).map(({ route, code }) => [route, code])).toEqual([
    ['/orders/:id', 200],
    [undefined, 404],
  ]);
});

test.runIf(hasOpenssl())('a TLS server observes HTTP/2 and, with allowHTTP1, HTTP/1', async () => {
  const { key, cert, remove } = createCertificate();
  open.push({ close: remove });
  const kinds: (string | undefined)[] = [];
  const server = http2.createSecureServer({ key, cert, allowHTTP1: true }, (_, response) => {
    kinds.push(kind());
    response.end('ok');
  });
  const served = await serve(server);

  await ask(served, { ':path': '/' });
  const agent = new https.Agent();
  open.push({ close: () => agent.destroy() });
  await new Promise((resolve) =>
    https.get({ port: served.port, host: '127.0.0.1', rejectUnauthorized: false, agent }, (response) =>
      response.resume().on('end', resolve),
    ),
  );

  expect(kinds).toEqual(['server', 'server']);
  const labels = { 'url.scheme': 'https', 'http.response.status_code': 200 };
  expect(await recorder.take(2)).toMatchObject([
    { attributes: { ...labels, 'network.protocol.version': '2' } },
    { attributes: { ...labels, 'network.protocol.version': '1.1' } },
  ]);
});

import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { asOwnTraffic } from '../../src/calls/own-traffic.js';
import { fetch as fetchInstrumentation } from '../../src/instrumentations/fetch.js';
import { http2Client } from '../../src/instrumentations/http2-client.js';
import { freePort } from '../support/app.js';
import { createCertificate, hasOpenssl } from '../support/certificate.js';
import { record } from '../support/recorder.js';
import { unreadable } from '../support/unreadable.js';

const recorder = record(http2Client, fetchInstrumentation);
const open: { close(): unknown }[] = [];
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
  for (const each of open.splice(0).reverse()) each.close();
  recorder.ended.length = 0;
});

type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

const echo: OnStream = (stream, headers) => {
  stream.respond({ ':status': Number(headers['x-status'] ?? 200) });
  stream.pipe(stream);
};

async function listen(server: http2.Http2Server | http2.Http2SecureServer): Promise<number> {
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session)).listen(0, '127.0.0.1');
  open.push({
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function serve(onStream: OnStream = echo): Promise<{ port: number; client: http2.ClientHttp2Session }> {
  const server = http2.createServer().on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  const port = await listen(server);
  const client = http2.connect(`http://127.0.0.1:${port}`);
  open.push({ close: () => client.destroy() });
  return { port, client };
}

/** Reads a response to its end and returns the body. */
async function bodyOf(request: http2.ClientHttp2Stream): Promise<string> {
  let text = '';
  request
    .on('data', (chunk) => {
      text += chunk;
    })
    .on('error', () => {});
  await new Promise((resolve) => request.once('close', resolve));
  return text;
}

test('a request is one call with the attributes that the conventions require', async () => {
  const { client, port } = await serve();

  const request = client.request({ ':method': 'POST', ':path': '/a?q=1&sig=secret' });
  request.end('body');

  expect(await bodyOf(request)).toBe('body');
  expect(await recorder.take(1)).toEqual([
    {
      kind: 'client',
      operation: 'POST',
      route: undefined,
      code: 200,
      error: undefined,
      traceId: expect.any(String),
      spanId: expect.any(String),
      parentSpanId: undefined,
      messages: 1,
      links: [],
      attributes: {
        'http.request.method': 'POST',
        'server.address': '127.0.0.1',
        'server.port': port,
        'url.full': `http://127.0.0.1:${port}/a?q=1&sig=REDACTED`,
        'http.response.status_code': 200,
        'network.protocol.version': '2',
      },
    },
  ]);
});

test('the trace context and baggage are sent in a copy of the headers', async () => {
  let received: http2.IncomingHttpHeaders = {};
  const { client } = await serve((stream, headers) => {
    received = headers;
    echo(stream, headers);
  });
  const headers = {
    'X-Mine': 'kept',
    ['__proto__']: 'own',
    Traceparent: 'stale',
    [http2.sensitiveHeaders]: ['x-mine'],
  };

  await context.with(traced, () => bodyOf(client.request(headers)));

  const [call] = await recorder.take(1);
  expect(call?.traceId).toBe(TRACE_ID);
  expect(received).toMatchObject({
    'x-mine': 'kept',
    ['__proto__']: 'own',
    traceparent: `00-${TRACE_ID}-${call?.spanId}-01`,
    baggage: 'tenant=a',
    [http2.sensitiveHeaders]: ['x-mine'],
  });
  expect(headers.Traceparent).toBe('stale');
});

test('headers may be a flat list, or be omitted', async () => {
  let received: http2.IncomingHttpHeaders = {};
  const { client } = await serve((stream, headers) => {
    received = headers;
    echo(stream, headers);
  });

  const list = [':method', 'PUT', ':path', '/list', 'TraceParent', 'stale'];
  const request = client.request(list as never);
  request.end();
  await bodyOf(request);
  await bodyOf(client.request());

  const calls = await recorder.take(2);
  expect(calls.map(({ operation }) => operation)).toEqual(['PUT', 'GET']);
  expect(received['traceparent']).toContain(calls[1]?.spanId);
  expect(list).toHaveLength(6);
});

test('a 4xx or 5xx status is an error', async () => {
  const { client } = await serve();

  for (const status of [304, 404, 500]) await bodyOf(client.request({ 'x-status': status }));

  expect((await recorder.take(3)).map(({ code, error }) => [code, error])).toEqual([
    [304, undefined],
    [404, '404'],
    [500, '500'],
  ]);
});

test('a cancellation is not an error, but a timeout and a failure are', async () => {
  const { client } = await serve((stream) => {
    stream.respond();
    stream.write('begun');
  });
  const endings: ((request: http2.ClientHttp2Stream) => void)[] = [
    (request) => request.close(http2.constants.NGHTTP2_CANCEL),
    (request) => request.destroy(new DOMException('enough', 'AbortError')),
    (request) => request.destroy(new RangeError('bad')),
    (request) => request.destroy('bad' as never),
    (request) => request.destroy(unreadable()),
  ];
  const errors: unknown[] = [];

  for (const end of endings) {
    const request = client.request();
    request.once('data', () => end(request));
    await bodyOf(request);
    errors.push(...(await recorder.take(1)).map(({ code, error }) => [code, error]));
  }
  await bodyOf(client.request({}, { signal: AbortSignal.timeout(50) }));
  errors.push(...(await recorder.take(1)).map(({ code, error }) => [code, error]));

  expect(errors).toEqual([
    [200, undefined],
    [200, undefined],
    [200, 'RangeError'],
    [200, 'bad'],
    [200, '_OTHER'],
    [200, 'TimeoutError'],
  ]);
});

test.each<[string, (request: http2.ClientHttp2Stream, client: http2.ClientHttp2Session) => unknown, unknown]>(
  [
    ['close()', (request) => request.close(http2.constants.NGHTTP2_CANCEL), undefined],
    ['destroy()', (request) => request.destroy(), undefined],
    ['session.destroy()', (_, client) => client.destroy(), undefined],
    ['session.destroy(error)', (_, client) => client.destroy(new RangeError('bad')), 'RangeError'],
    [
      'break',
      async (request) => {
        for await (const _ of request) break;
      },
      undefined,
    ],
    [
      'a timeout and close()',
      (request) => request.setTimeout(20, () => request.close(http2.constants.NGHTTP2_CANCEL)),
      'TimeoutError',
    ],
    ['a timeout and destroy()', (request) => request.setTimeout(20, () => request.destroy()), 'TimeoutError'],
    [
      'a timeout of the session and its destroy()',
      (_, client) => client.setTimeout(20, () => client.destroy()),
      'TimeoutError',
    ],
  ],
)('the error of a response that the application stops by %s', async (_, stop, error) => {
  const { client } = await serve((stream) => {
    stream.respond();
    stream.write('begun');
  });
  client.on('error', () => {});
  const request = client.request().on('error', () => {});
  const closed = new Promise((resolve) => request.once('close', resolve));
  await once(request, 'readable');

  await stop(request, client);
  await closed;

  expect((await recorder.take(1)).map((call) => [call.code, call.error])).toEqual([[200, error]]);
});

test('a session that is destroyed before it is connected has no error', async () => {
  const { port } = await serve();
  const client = http2.connect(`http://127.0.0.1:${port}`);
  const request = client.request();
  setImmediate(() => client.destroy());
  await bodyOf(request);

  expect((await recorder.take(1))[0]).toMatchObject({ code: undefined, error: undefined });
});

test('a stream that the server resets and a connection that it drops are errors', async () => {
  const { client } = await serve((stream, headers) => {
    const code = headers['x-reset'];
    if (code !== undefined) stream.close(Number(code));
    else {
      stream.respond();
      stream.write('begun');
      setTimeout(() => stream.session?.socket.destroy(), 20);
    }
  });
  client.on('error', () => {});

  const { NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL } = http2.constants;
  await bodyOf(client.request({ 'x-reset': NGHTTP2_REFUSED_STREAM }));
  await bodyOf(client.request({ 'x-reset': NGHTTP2_CANCEL }));
  await bodyOf(client.request());

  expect((await recorder.take(3)).map(({ code, error }) => [code, error])).toEqual([
    [undefined, 'ERR_HTTP2_STREAM_ERROR'],
    [undefined, 'aborted'],
    [200, 'aborted'],
  ]);
});

test('a refused connection is reported with the error of its session', async () => {
  const port = await freePort();
  const client = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {});

  await bodyOf(client.request());

  expect(await recorder.take(1)).toMatchObject([
    { code: undefined, error: 'ECONNREFUSED', attributes: { 'server.port': port } },
  ]);
});

test('a request that Node rejects still throws the error of Node', async () => {
  const { client, port } = await serve();
  await bodyOf(client.request());
  await recorder.take(1);

  expect(() => client.request(null as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  );
  await recorder.take(0);
  expect(() => client.request({ ':unknown': 'x' })).toThrow(
    expect.objectContaining({ code: 'ERR_HTTP2_INVALID_PSEUDOHEADER' }),
  );
  expect(await recorder.take(1)).toMatchObject([
    {
      error: 'ERR_HTTP2_INVALID_PSEUDOHEADER',
      attributes: { 'server.address': '127.0.0.1', 'server.port': port },
    },
  ]);
});

test('the server is that of the authority, and CONNECT and OPTIONS * have a URL without a path', async () => {
  const { client } = await serve();
  const authority = 'orders.example:81';

  for (const headers of [
    { ':authority': authority, ':path': '/v1' },
    { ':authority': authority, ':method': 'OPTIONS', ':path': '*' },
    { ':authority': authority, ':method': 'CONNECT' },
  ]) {
    const request = client.request(headers);
    request.end();
    await bodyOf(request);
  }

  const calls = await recorder.take(3);
  expect(calls.map(({ attributes: a }) => [a['server.address'], a['server.port'], a['url.full']])).toEqual([
    ['orders.example', 81, 'http://orders.example:81/v1'],
    ['orders.example', 81, 'http://orders.example:81'],
    ['orders.example', 81, 'http://orders.example:81'],
  ]);
});

test('gRPC requests and Redhook’s own requests are not observed', async () => {
  const { client } = await serve();

  await bodyOf(client.request({ 'Content-Type': 'application/grpc+proto' }));
  await asOwnTraffic(() => bodyOf(client.request()));

  await recorder.take(0);
});

test('a request of gRPC-Web is HTTP', async () => {
  const { client } = await serve();

  for (const type of ['application/grpc-web', 'application/grpc-web+proto', 'application/grpc-web-text'])
    await bodyOf(client.request({ 'content-type': type }));

  expect(await recorder.take(3)).toMatchObject(Array(3).fill({ operation: 'GET', code: 200 }));
});

test.runIf(hasOpenssl()).each(['undici', 'undici6', 'undici7'])(
  'a request made with %s over HTTP/2 is one call',
  async (name) => {
    const { key, cert, remove } = createCertificate();
    open.push({ close: remove });
    const server = http2.createSecureServer({ key, cert }).on('stream', echo);
    const port = await listen(server);
    const { Agent, fetch } = await import(name);
    const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    open.push({ close: () => dispatcher.destroy() });

    const response = await fetch(`https://127.0.0.1:${port}/`, { dispatcher });
    await response.text();
    await delay(20);

    expect(await recorder.take(1)).toMatchObject([{ kind: 'client', code: 200 }]);
  },
);

import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { asOwnTraffic } from '../../../src/calls/own-traffic.js';
import { grpcClient } from '../../../src/instrumentations/grpc-client.js';
import { http2Client } from '../../../src/instrumentations/http2-client.js';
import { freePort } from '../../support/app.js';
import { record } from '../../support/recorder.js';
import { unreadable } from '../../support/unreadable.js';

const recorder = record(http2Client, grpcClient);
const open: { close(): unknown }[] = [];
const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;

afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
  recorder.ended.length = 0;
});

type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** Answers with the status of the header `x-status`, in trailers after a message. */
const answer: OnStream = (stream, headers) => {
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': headers['x-status'] ?? '0' }));
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
};

async function serve(
  onStream: OnStream = answer,
): Promise<{ port: number; client: http2.ClientHttp2Session }> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer().on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {});
  open.push({
    close() {
      client.destroy();
      for (const session of sessions) session.destroy();
      server.close();
    },
  });
  return { port, client };
}

function call(
  client: http2.ClientHttp2Session,
  path: string,
  headers: http2.OutgoingHttpHeaders = {},
  options: http2.ClientSessionRequestOptions = {},
): http2.ClientHttp2Stream {
  const request = client.request(
    {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...headers,
    },
    options,
  );
  request.on('error', () => {}).resume();
  request.end(Buffer.from([0, 0, 0, 0, 0]));
  return request;
}

async function ended(request: http2.ClientHttp2Stream): Promise<void> {
  await new Promise((resolve) => request.once('close', resolve));
}

test('a call is one client call with the attributes that the conventions require', async () => {
  const { client, port } = await serve();

  await ended(call(client, '/shop.Orders/Get', { 'grpc-timeout': '10S' }));

  expect(await recorder.take(1)).toMatchObject([
    {
      kind: 'client',
      code: 'OK',
      error: undefined,
      attributes: {
        'rpc.system.name': 'grpc',
        'rpc.method': 'shop.Orders/Get',
        'rpc.status_code': 'OK',
        'server.address': '127.0.0.1',
        'server.port': port,
        'redhook.grpc.timeout': 10,
      },
    },
  ]);
});

test('the trace context is sent in a copy of the headers', async () => {
  let received: http2.IncomingHttpHeaders = {};
  const { client } = await serve((stream, headers) => {
    received = headers;
    answer(stream, headers);
  });
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanContext = { traceId, spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };
  const headers = { 'content-type': 'application/grpc', TraceParent: 'stale' };

  await context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () =>
    ended(client.request(headers).resume()),
  );

  const [made] = await recorder.take(1);
  expect(received['traceparent']).toBe(`00-${traceId}-${made?.spanId}-01`);
  expect(headers.TraceParent).toBe('stale');
});

test('the status comes from the trailers, from a response without a body, or from a proxy', async () => {
  const { client } = await serve((stream, headers) => {
    const status = headers['x-http-status'];
    if (headers['x-status'] === 'only')
      stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '7' }, { endStream: true });
    else if (status === undefined) answer(stream, headers);
    else {
      stream.respond({ ':status': Number(status) });
      stream.end('<html>');
    }
  });

  const codes: unknown[] = [];
  for (const headers of [
    { 'x-status': '0' },
    { 'x-status': '5' },
    { 'x-status': 'only' },
    { 'x-http-status': '503' },
    { 'x-http-status': '418' },
    { 'x-http-status': '200' },
  ]) {
    await ended(call(client, '/shop.Orders/Get', headers));
    codes.push(...(await recorder.take(1)).map(({ code, error }) => [code, error]));
  }

  expect(codes).toEqual([
    ['OK', undefined],
    ['NOT_FOUND', 'NOT_FOUND'],
    ['PERMISSION_DENIED', 'PERMISSION_DENIED'],
    ['UNAVAILABLE', 'UNAVAILABLE'],
    ['UNKNOWN', 'UNKNOWN'],
    ['UNKNOWN', 'UNKNOWN'],
  ]);
});

test('a broken stream has the status of its cause', async () => {
  const { client } = await serve((stream, headers) => {
    const reset = headers['x-reset'];
    if (reset !== undefined) stream.close(Number(reset));
    else if (headers['x-drop'] === undefined) stream.respond({ 'content-type': 'application/grpc' });
    else stream.session?.socket.destroy();
  });
  const codes: unknown[] = [];
  const end = async (request: http2.ClientHttp2Stream): Promise<void> => {
    await ended(request);
    codes.push(...(await recorder.take(1)).map(({ code }) => code));
  };

  await end(call(client, '/a.B/C', { 'x-reset': NGHTTP2_REFUSED_STREAM }));
  await end(call(client, '/a.B/C', { 'x-reset': NGHTTP2_ENHANCE_YOUR_CALM }));
  await end(call(client, '/a.B/C', { 'x-reset': NGHTTP2_CANCEL }));
  const cancelled = call(client, '/a.B/C');
  cancelled.once('response', () => cancelled.close(NGHTTP2_CANCEL));
  await end(cancelled);
  const destroyed = call(client, '/a.B/C');
  destroyed.once('response', () => destroyed.destroy(unreadable()));
  await end(destroyed);
  const late = call(client, '/a.B/C', { 'grpc-timeout': '50m' });
  setTimeout(() => late.close(NGHTTP2_CANCEL), 50);
  await end(late);
  await end(call(client, '/a.B/C', {}, { signal: AbortSignal.timeout(20) }));
  await end(call(client, '/a.B/C', { 'x-drop': 'yes' }));

  expect(codes).toEqual([
    'UNAVAILABLE',
    'RESOURCE_EXHAUSTED',
    'CANCELLED',
    'CANCELLED',
    'CANCELLED',
    'DEADLINE_EXCEEDED',
    'CANCELLED',
    'UNAVAILABLE',
  ]);
});

test('a refused connection is UNAVAILABLE', async () => {
  const port = await freePort();
  const client = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {});

  await ended(call(client, '/a.B/C'));

  expect(await recorder.take(1)).toMatchObject([
    { code: 'UNAVAILABLE', attributes: { 'server.port': port } },
  ]);
});

test('a request that Node rejects still throws the error of Node', async () => {
  const { client, port } = await serve();
  await ended(call(client, '/a.B/C'));
  await recorder.take(1);

  expect(() => call(client, '/a.B/C', { ':unknown': 'x' })).toThrow(
    expect.objectContaining({ code: 'ERR_HTTP2_INVALID_PSEUDOHEADER' }),
  );

  expect(await recorder.take(1)).toMatchObject([
    { code: 'INTERNAL', error: 'ERR_HTTP2_INVALID_PSEUDOHEADER', attributes: { 'server.port': port } },
  ]);
  client.destroy();
  await ended(call(client, '/a.B/C'));
  expect(await recorder.take(1)).toMatchObject([{ code: 'UNAVAILABLE' }]);
});

test('only a bounded number of methods that were answered with OK are labels', async () => {
  const { client } = await serve();

  for (let i = 0; i < 20; i += 1) await ended(call(client, `/made.Up/${i}`, { 'x-status': '16' }));
  for (const status of ['12', '0', '16']) await ended(call(client, '/gate.Way/Get', { 'x-status': status }));
  for (let i = 0; i < 120; i += 1) await ended(call(client, `/shop.Real/${i}`));
  await ended(call(client, `/shop.Real/${'A'.repeat(4_096)}`));

  const made = await recorder.take(144);
  const methods = made.map(({ attributes }) => String(attributes['rpc.method']));
  expect(methods.slice(0, 23)).toEqual([...Array(21).fill('_OTHER'), 'gate.Way/Get', 'gate.Way/Get']);
  expect(new Set(methods).size).toBeLessThanOrEqual(101);
  expect(Math.max(...methods.map(({ length }) => length))).toBeLessThan(256);
});

test('Redhook’s own calls are not observed', async () => {
  const { client } = await serve();

  await asOwnTraffic(() => ended(call(client, '/a.B/C')));

  await recorder.take(0);
});

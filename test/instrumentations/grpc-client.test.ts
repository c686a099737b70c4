import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type * as Grpc from '@grpc/grpc-js';
import { context, createContextKey, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { asOwnTraffic } from '../../src/calls/own-traffic.js';
import { grpcClient } from '../../src/instrumentations/grpc-client.js';
import { freePort } from '../support/app.js';
import {
  answerOf,
  type Handlers,
  loadGrpc,
  loadOrders,
  type Order,
  type OrdersClient,
  serveOrders,
  statusOf,
} from '../support/grpc.js';
import { record } from '../support/recorder.js';

const recorder = record(grpcClient);
const grpc = loadGrpc();
const Orders = loadOrders(grpc);
const insecure = grpc.credentials.createInsecure();
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
  for (const each of open.splice(0)) each.close();
  recorder.ended.length = 0;
});

async function serve(handlers: Partial<Handlers> = {}): Promise<{ port: number; server: Grpc.Server }> {
  const server = new grpc.Server();
  const port = await serveOrders(grpc, server, handlers);
  open.push({ close: () => server.forceShutdown() });
  return { port, server };
}

function connect(port: number, options: Grpc.ClientOptions = {}): OrdersClient {
  const client = new Orders(`127.0.0.1:${port}`, insecure, options) as unknown as OrdersClient;
  open.push(client);
  return client;
}

/** Starts a plain HTTP/2 server, for responses that a grpc-js server would not send. */
async function serveRaw(onStream: (stream: http2.ServerHttp2Stream) => void): Promise<number> {
  const server = http2.createServer().on('stream', onStream);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  open.push({
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

test('a call of each of the four kinds is one call that counts its messages', async () => {
  const { port } = await serve();
  const client = connect(port);

  expect((await answerOf((done) => client.Get({ id: 'a' }, done))).value).toEqual({ id: 'a' });
  const sum = answerOf((done) => {
    const stream = client.Sum(done);
    stream.write({ id: 'a' });
    stream.end({ id: 'b' });
  });
  expect((await sum).value).toEqual({ id: 'ab' });
  expect(await statusOf(client.List({ id: 'abc' }))).toEqual({ ids: ['a', 'b', 'c'], code: 0 });
  const chat = client.Chat();
  chat.write({ id: 'x' });
  chat.end({ id: 'y' });
  expect(await statusOf(chat)).toEqual({ ids: ['x', 'y'], code: 0 });

  const expected = (method: string, sent: number, received: number) => ({
    'rpc.system.name': 'grpc',
    'rpc.method': `shop.Orders/${method}`,
    'rpc.status_code': 'OK',
    'server.address': '127.0.0.1',
    'server.port': port,
    'redhook.grpc.messages.sent': sent,
    'redhook.grpc.messages.received': received,
  });
  expect((await recorder.take(4)).map(({ attributes }) => attributes)).toEqual([
    expected('Get', 1, 1),
    expected('Sum', 2, 1),
    expected('List', 1, 3),
    expected('Chat', 2, 2),
  ]);
});

test('a call by every form of client is observed once', async () => {
  const { port } = await serve();
  const client = connect(port);
  const { requestSerialize, responseDeserialize } = Orders.service['Get'] as Grpc.MethodDefinition<
    Order,
    Order
  >;
  const Generic = grpc.makeGenericClientConstructor(Orders.service, 'Orders');
  const generic = new Generic(`127.0.0.1:${port}`, insecure) as unknown as OrdersClient;
  open.push(generic);

  const path = '/shop.Orders/Get';
  await answerOf((done) =>
    (client as Grpc.Client).makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { id: 'a' },
      done as never,
    ),
  );
  await answerOf((done) => generic.Get({ id: 'a' }, new grpc.Metadata(), {}, done));
  const get = promisify(client.Get.bind(client) as (o: Order, d: (e: unknown, v?: Order) => void) => void);
  expect(await get({ id: 'p' })).toEqual({ id: 'p' });

  for (const { attributes } of await recorder.take(3))
    expect(attributes).toMatchObject({ 'rpc.method': 'shop.Orders/Get', 'rpc.status_code': 'OK' });
});

test('trace context and baggage go into a copy of the metadata, and callbacks run in the context of the caller', async () => {
  let received: Record<string, unknown> = {};
  const { port } = await serve({
    Get(call, done) {
      received = call.metadata.getMap();
      done(null, call.request);
    },
  });
  const client = connect(port);
  const metadata = new grpc.Metadata();
  metadata.set('mine', 'kept');
  // This call opens the connection outside the trace.
  await answerOf((done) => client.Get({ id: 'first' }, done));
  await recorder.take(1);

  const seen: unknown[] = [];
  await context.with(traced, () =>
    answerOf((done) =>
      client
        .Get({ id: 'a' }, metadata, (error: Grpc.ServiceError | null, value: Order) => {
          seen.push(trace.getSpanContext(context.active())?.traceId);
          done(error, value);
        })
        .on('metadata', () => seen.push(trace.getSpanContext(context.active())?.traceId)),
    ),
  );

  const [call] = await recorder.take(1);
  expect(call?.traceId).toBe(TRACE_ID);
  expect(received).toMatchObject({
    mine: 'kept',
    traceparent: `00-${TRACE_ID}-${call?.spanId}-01`,
    baggage: 'tenant=a',
  });
  expect(metadata.getMap()).toEqual({ mine: 'kept' });
  expect(seen).toEqual([TRACE_ID, TRACE_ID]);
});

test('every callback runs in the context of its own caller when calls share a connection', async () => {
  const { port } = await serve({
    Chat(call) {
      call.sendMetadata(new grpc.Metadata());
      call.on('data', (order: Order) => call.write(order)).on('end', () => call.end());
    },
  });
  const client = connect(port);
  const key = createContextKey('caller');
  const seen: string[] = [];
  const chat = (caller: string): Promise<unknown> =>
    context.with(ROOT_CONTEXT.setValue(key, caller), () => {
      const stream = client.Chat();
      for (const event of ['metadata', 'data', 'status', 'end'])
        stream.on(event, () => seen.push(`${caller} ${event} ${context.active().getValue(key)}`));
      stream.end({ id: caller });
      return statusOf(stream);
    });

  // The first call opens the connection for all of them.
  await Promise.all(['a', 'b', 'c'].map(chat));

  expect(seen.sort()).toEqual(
    ['a', 'b', 'c'].flatMap((caller) =>
      ['data', 'end', 'metadata', 'status'].map((e) => `${caller} ${e} ${caller}`),
    ),
  );
});

test('results, errors, metadata and trailers reach the application unchanged', async () => {
  const { port } = await serve({
    Get(call, done) {
      const head = new grpc.Metadata();
      head.set('head', 'h');
      call.sendMetadata(head);
      const trailers = new grpc.Metadata();
      trailers.set('trailer', 't');
      done({ code: grpc.status.NOT_FOUND, details: 'no such order', metadata: trailers });
    },
  });
  let head: unknown;

  const { error, value } = await answerOf((done) =>
    connect(port)
      .Get({ id: 'a' }, done)
      .on('metadata', (metadata: Grpc.Metadata) => {
        head = metadata.get('head');
      }),
  );

  expect(value).toBeUndefined();
  expect(error).toMatchObject({ code: 5, details: 'no such order', message: '5 NOT_FOUND: no such order' });
  expect(error?.metadata.get('trailer')).toEqual(['t']);
  expect(head).toEqual(['h']);
  expect(await recorder.take(1)).toMatchObject([{ code: 'NOT_FOUND', error: 'NOT_FOUND' }]);
});

const silent: Partial<Handlers> = { Get: () => {}, List: (call) => void call.write({ id: 'one' }) };

test('a missed deadline is DEADLINE_EXCEEDED', async () => {
  const { port } = await serve(silent);

  const { error } = await answerOf((done) =>
    connect(port).Get({ id: '' }, { deadline: Date.now() + 60 }, done),
  );

  expect(error?.code).toBe(grpc.status.DEADLINE_EXCEEDED);
  const [call] = await recorder.take(1);
  expect(call).toMatchObject({ code: 'DEADLINE_EXCEEDED', error: 'DEADLINE_EXCEEDED' });
  const timeout = Number(call?.attributes['redhook.grpc.timeout']);
  expect(timeout).toBeGreaterThan(0);
  expect(timeout).toBeLessThanOrEqual(0.06);
});

test('a cancellation before the connection or during a stream is CANCELLED', async () => {
  const { port } = await serve(silent);
  const client = connect(port);

  const early = await answerOf((done) => client.Get({ id: '' }, done).cancel());
  expect(early.error?.code).toBe(grpc.status.CANCELLED);
  const stream = client.List({ id: '' });
  stream.once('data', () => stream.cancel());
  expect(await statusOf(stream)).toEqual({ ids: ['one'], code: grpc.status.CANCELLED });

  expect(await recorder.take(2)).toMatchObject([
    { code: 'CANCELLED', error: 'CANCELLED' },
    { code: 'CANCELLED', attributes: { 'redhook.grpc.messages.received': 1 } },
  ]);
});

test('a refused connection is UNAVAILABLE', async () => {
  const port = await freePort();

  const { error } = await answerOf((done) => connect(port).Get({ id: '' }, done));

  expect(error?.code).toBe(grpc.status.UNAVAILABLE);
  expect(await recorder.take(1)).toMatchObject([
    { code: 'UNAVAILABLE', attributes: { 'server.address': '127.0.0.1', 'server.port': port } },
  ]);
});

test('a connection dropped during a stream ends the call with the status of grpc-js', async () => {
  const { port, server } = await serve(silent);
  const stream = connect(port).List({ id: '' });
  stream.once('data', () => server.forceShutdown());

  const { code } = await statusOf(stream);

  expect(await recorder.take(1)).toMatchObject([{ code: grpc.status[code] }]);
  expect(code).not.toBe(0);
});

test('a stream ends normally after a GOAWAY', async () => {
  let goaway = (): void => {};
  const port = await serveRaw((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.write(Buffer.of(0, 0, 0, 0, 0));
    goaway = () => {
      stream.session?.goaway(0);
      stream.end();
    };
  });
  const stream = connect(port).List({ id: '' });
  stream.once('data', () => goaway());

  expect(await statusOf(stream)).toMatchObject({ code: 0 });
  expect(await recorder.take(1)).toMatchObject([{ code: 'OK', error: undefined }]);
});

test('a call that a service config retries is one call', async () => {
  let attempts = 0;
  const { port } = await serve({
    Get(call, done) {
      attempts += 1;
      if (attempts < 3) done({ code: grpc.status.UNAVAILABLE });
      else done(null, call.request);
    },
  });
  const retryPolicy = {
    maxAttempts: 4,
    initialBackoff: '0.01s',
    maxBackoff: '0.02s',
    backoffMultiplier: 1,
    retryableStatusCodes: ['UNAVAILABLE'],
  };
  const config = {
    loadBalancingConfig: [],
    methodConfig: [{ name: [{ service: 'shop.Orders' }], retryPolicy }],
  };

  const client = connect(port, { 'grpc.service_config': JSON.stringify(config) });
  expect((await answerOf((done) => client.Get({ id: 'a' }, done))).value).toEqual({ id: 'a' });

  expect(attempts).toBe(3);
  expect(await recorder.take(1)).toMatchObject([
    { code: 'OK', attributes: { 'redhook.grpc.previous_attempts': 2 } },
  ]);
});

test('a method that the server does not have is UNIMPLEMENTED', async () => {
  const { port } = await serve();

  const { error } = await answerOf((done) => connect(port).Missing({ id: '' }, done));

  expect(error?.code).toBe(grpc.status.UNIMPLEMENTED);
  expect(await recorder.take(1)).toMatchObject([
    { code: 'UNIMPLEMENTED', attributes: { 'rpc.method': 'shop.Orders/Missing' } },
  ]);
});

test('a message that is too large to send or to receive is RESOURCE_EXHAUSTED', async () => {
  const { port } = await serve();
  const order = { id: 'x'.repeat(1_000) };

  for (const side of ['send', 'receive']) {
    const client = connect(port, { [`grpc.max_${side}_message_length`]: 100 });
    const { error } = await answerOf((done) => client.Get(order, done));
    expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  }

  expect(await recorder.take(2)).toMatchObject([
    { code: 'RESOURCE_EXHAUSTED' },
    { code: 'RESOURCE_EXHAUSTED' },
  ]);
});

test('a response that is not gRPC is UNAVAILABLE', async () => {
  const port = await serveRaw((stream) => stream.respond({ ':status': 503 }, { endStream: true }));

  const { error } = await answerOf((done) => connect(port).Get({ id: '' }, done));

  expect(error?.code).toBe(grpc.status.UNAVAILABLE);
  expect(await recorder.take(1)).toMatchObject([{ code: 'UNAVAILABLE' }]);
});

test('a channel closed during a call makes it UNAVAILABLE, and a closed channel makes no call', async () => {
  // The server never speaks HTTP/2, so the call waits for its connection.
  const mute = net.createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  open.push(mute);
  const client = connect((mute.address() as AddressInfo).port);
  const answer = answerOf((done) => client.Get({ id: '' }, done));
  client.close();

  expect((await answer).error?.code).toBe(grpc.status.UNAVAILABLE);
  expect(() => client.Get({ id: '' }, () => {})).toThrow('Channel has been shut down');
  expect(await recorder.take(1)).toMatchObject([{ code: 'UNAVAILABLE' }]);
});

test('interceptors of the application still work, and one that answers itself makes no call', async () => {
  const { port } = await serve();
  const starts: string[] = [];
  const later: Grpc.Interceptor = (options, next) =>
    new grpc.InterceptingCall(next(options), {
      start(metadata, listener, go) {
        starts.push('later');
        setImmediate(() => go(metadata, listener));
      },
    });
  const cached: Grpc.Interceptor = (options, next) =>
    new grpc.InterceptingCall(next(options), {
      start(_metadata, listener) {
        listener.onReceiveMessage?.({ id: 'cached' });
        listener.onReceiveStatus?.({ code: 0, details: '', metadata: new grpc.Metadata() });
      },
      sendMessage: () => {},
      halfClose: () => {},
    });
  const client = connect(port);

  const slow = await context.with(traced, () =>
    answerOf((done) => client.Get({ id: 'a' }, { interceptors: [later] }, done)),
  );
  expect(slow.value).toEqual({ id: 'a' });
  expect(starts).toEqual(['later']);
  expect(await recorder.take(1)).toMatchObject([{ traceId: TRACE_ID }]);

  const answer = await answerOf((done) => client.Get({ id: 'a' }, { interceptors: [cached] }, done));
  expect(answer.value).toEqual({ id: 'cached' });
  await recorder.take(0);
});

test('Redhook’s own calls are not observed', async () => {
  const { port } = await serve();

  await asOwnTraffic(() => answerOf((done) => connect(port).Get({ id: 'a' }, done)));

  await recorder.take(0);
});

import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type * as Grpc from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import type { CallRecord } from '../../src/calls/observer.js';
import { grpcClient } from '../../src/instrumentations/grpc-client.js';
import { grpcServer } from '../../src/instrumentations/grpc-server.js';
import { createCertificate, hasOpenssl } from '../support/certificate.js';
import {
  answerOf,
  echo,
  type Handlers,
  loadGrpc,
  loadOrders,
  type Order,
  type OrdersClient,
  serveOrders,
  statusOf,
  type Unary,
} from '../support/grpc.js';
import { type Ended, record } from '../support/recorder.js';

const recorder = record(grpcServer, grpcClient);
const grpc = loadGrpc();
const Orders = loadOrders(grpc);
const open: { close(): unknown }[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
  recorder.ended.length = 0;
});

async function serve(
  handlers: Partial<Handlers> = {},
  options: Grpc.ServerOptions = {},
): Promise<{ client: OrdersClient; server: Grpc.Server; port: number }> {
  const server = new grpc.Server(options);
  const port = await serveOrders(grpc, server, handlers);
  const target = `127.0.0.1:${port}`;
  const client = new Orders(target, grpc.credentials.createInsecure()) as unknown as OrdersClient;
  open.push({ close: () => server.forceShutdown() }, client);
  return { client, server, port };
}

/** Takes both sides of `count` calls and returns the server side. Each must share its trace with a client call. */
async function takeServed(count: number): Promise<Ended[]> {
  const ended = await recorder.take(2 * count);
  const served = ended.filter(({ kind }) => kind === 'server');
  const made = ended.filter(({ kind }) => kind === 'client');
  expect(new Set(served.map(({ traceId }) => traceId))).toEqual(new Set(made.map(({ traceId }) => traceId)));
  expect(served).toHaveLength(count);
  return served;
}

test('a call of each of the four kinds is one call that counts its messages', async () => {
  const { client, port } = await serve();

  await answerOf((done) => client.Get({ id: 'a' }, done));
  const sum = answerOf((done) => {
    const stream = client.Sum(done);
    stream.write({ id: 'a' });
    stream.end({ id: 'b' });
  });
  await sum;
  await statusOf(client.List({ id: 'abc' }));
  const chat = client.Chat();
  chat.write({ id: 'x' });
  chat.end({ id: 'y' });
  await statusOf(chat);

  const expected = (method: string, received: number, sent: number) => ({
    'rpc.system.name': 'grpc',
    'rpc.method': `shop.Orders/${method}`,
    'rpc.status_code': 'OK',
    'server.address': '127.0.0.1',
    'server.port': port,
    'redhook.grpc.messages.sent': sent,
    'redhook.grpc.messages.received': received,
  });
  expect((await takeServed(4)).map(({ attributes }) => attributes)).toEqual([
    expected('Get', 1, 1),
    expected('Sum', 2, 1),
    expected('List', 1, 3),
    expected('Chat', 2, 2),
  ]);
});

test('several servers and channels, and a service added to a running server, are observed', async () => {
  const { client, server, port } = await serve();
  const { client: other } = await serve();
  const second = new Orders(
    `localhost:${port}`,
    grpc.credentials.createInsecure(),
  ) as unknown as OrdersClient;
  open.push(second);
  const late = { Later: { ...(Orders.service['Get'] as object), path: '/shop.Late/Later' } };
  server.addService(late as never, { Later: echo.Get } as never);
  const Late = grpc.makeClientConstructor(late as never, 'Late');
  const later = new Late(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  open.push(later);

  await Promise.all([client, other, second].map((each) => answerOf((done) => each.Get({ id: 'a' }, done))));
  await answerOf((done) => (later as unknown as { Later: OrdersClient['Get'] }).Later({ id: 'a' }, done));

  const methods = (await takeServed(4)).map(({ attributes }) => attributes['rpc.method']);
  expect(methods).toEqual([...Array(3).fill('shop.Orders/Get'), 'shop.Late/Later']);
});

test.runIf(hasOpenssl())('a server with TLS is observed', async () => {
  const { key, cert, remove } = createCertificate();
  open.push({ close: remove });
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  const server = new grpc.Server();
  open.push({ close: () => server.forceShutdown() });
  const port = await serveOrders(grpc, server, {}, grpc.ServerCredentials.createSsl(null, [pair]));
  const credentials = grpc.credentials.createSsl(Buffer.from(cert));
  const client = new Orders(`localhost:${port}`, credentials) as unknown as OrdersClient;
  open.push(client);

  expect((await answerOf((done) => client.Get({ id: 'a' }, done))).value).toEqual({ id: 'a' });

  expect(await takeServed(1)).toMatchObject([
    { code: 'OK', attributes: { 'server.address': 'localhost', 'server.port': port } },
  ]);
});

test('handlers of all four kinds, and their listeners, run inside the call', async () => {
  const kinds: unknown[] = [];
  const note = (): void => {
    kinds.push((recorder.calls.current as CallRecord | undefined)?.kind);
  };
  const { client } = await serve({
    async Get(call, done) {
      note();
      await delay(1);
      note();
      done(null, call.request);
    },
    Sum(call, done) {
      note();
      call.on('data', note).on('end', () => {
        note();
        done(null, { id: '' });
      });
    },
    List(call) {
      note();
      call.end();
    },
    Chat(call) {
      note();
      call.on('data', note).on('end', () => {
        note();
        call.end();
      });
    },
  });

  // Twice, because the second round reuses the connection of the first.
  for (let round = 0; round < 2; round += 1) {
    await answerOf((done) => client.Get({ id: 'a' }, done));
    await answerOf((done) => client.Sum(done).end({ id: 'b' }));
    await statusOf(client.List({ id: '' }));
    const chat = client.Chat();
    chat.end({ id: 'y' });
    await statusOf(chat);
    await takeServed(4);
  }

  expect(kinds).toEqual(Array(18).fill('server'));
});

test('calls that a handler makes belong to the trace of its call', async () => {
  const { client: inner } = await serve();
  const { client } = await serve({
    Get(call, done) {
      inner.Get(call.request, (error: Grpc.ServiceError | null, first: Order) => {
        if (error) done(error);
        else inner.Get(first, done);
      });
    },
  });

  await answerOf((done) => client.Get({ id: 'a' }, done));

  const ended = await recorder.take(6);
  expect(new Set(ended.map(({ traceId }) => traceId)).size).toBe(1);
});

test('the deadline of a call bounds the calls that its handler makes and never extends their own', async () => {
  const { client: inner } = await serve();
  const deadlines: (Grpc.Deadline | undefined)[] = [undefined, Date.now() + 1_000, Date.now() + 60_000];
  const { client } = await serve({
    async Get(call, done) {
      for (const deadline of deadlines) {
        const options = deadline === undefined ? {} : { deadline };
        await answerOf((next) => inner.Get(call.request, options, next));
      }
      done(null, call.request);
    },
  });

  await answerOf((done) => client.Get({ id: 'a' }, { deadline: Date.now() + 10_000 }, done));
  const bounded = await recorder.take(8);
  const timeouts = (calls: Ended[], kind: string): number[] =>
    calls.filter((call) => call.kind === kind).map((call) => Number(call.attributes['redhook.grpc.timeout']));
  for (const side of ['client', 'server']) {
    const [first, short, long, outer] = timeouts(bounded, side) as [number, number, number, number];
    expect(outer).toBeGreaterThan(9);
    expect(first).toBeGreaterThan(9);
    expect(first).toBeLessThanOrEqual(outer);
    expect(short).toBeLessThanOrEqual(1);
    expect(long).toBeLessThanOrEqual(first);
  }

  await answerOf((done) => client.Get({ id: 'a' }, done));
  const free = await recorder.take(8);
  expect(timeouts(free, 'client').sort()).toEqual([
    expect.any(Number),
    expect.any(Number),
    Number.NaN,
    Number.NaN,
  ]);
});

test('a status is an error only if the conventions call it a server error', async () => {
  for (const [name, failed] of [
    ['NOT_FOUND', false],
    ['UNAUTHENTICATED', false],
    ['INTERNAL', true],
    ['UNAVAILABLE', true],
  ] as const) {
    const { client } = await serve({ Get: (_, done) => done({ code: grpc.status[name] }) });
    await answerOf((done) => client.Get({ id: '' }, done));
    expect(await takeServed(1)).toMatchObject([{ code: name, error: failed ? name : undefined }]);
  }
});

test('a handler that throws is UNKNOWN, and one that answers twice ends with its first answer', async () => {
  const { client } = await serve({
    Get() {
      throw new Error('broken');
    },
    Sum(_, done) {
      done(null, { id: '1' });
      done(null, { id: '2' });
    },
  });

  expect((await answerOf((done) => client.Get({ id: '' }, done))).error?.code).toBe(grpc.status.UNKNOWN);
  // This is how the grpc-js client reports a second message, with or without Redhook.
  expect((await answerOf((done) => client.Sum(done).end())).error?.details).toBe(
    'Too many responses received',
  );

  expect(await takeServed(2)).toMatchObject([
    { code: 'UNKNOWN', error: 'UNKNOWN' },
    { code: 'OK', error: undefined },
  ]);
});

const silent: Partial<Handlers> = { Get: () => {}, List: (call) => void call.write({ id: 'one' }) };

test('a cancellation is CANCELLED and not an error, and a missed deadline is DEADLINE_EXCEEDED', async () => {
  const { client } = await serve(silent);

  const stream = client.List({ id: '' });
  stream.once('data', () => stream.cancel());
  await statusOf(stream);
  expect(await takeServed(1)).toMatchObject([{ code: 'CANCELLED', error: undefined }]);

  await answerOf((done) => client.Get({ id: '' }, { deadline: Date.now() + 80 }, done));
  const [late] = await takeServed(1);
  // Either the server's own timer or the reset from the client comes first.
  expect(late).toMatchObject({ code: 'DEADLINE_EXCEEDED', error: 'DEADLINE_EXCEEDED' });
  expect(late?.attributes['redhook.grpc.timeout']).toBeGreaterThan(0);
});

test('a client whose connection is reset or closed is CANCELLED', async () => {
  const { port } = await serve(silent);
  for (const lose of [(far: net.Socket) => far.resetAndDestroy(), (far: net.Socket) => far.destroy()]) {
    const far = net.connect(port, '127.0.0.1').on('error', () => {});
    const middle = net.createServer((near) => {
      near.on('error', () => {});
      near.pipe(far).pipe(near);
      far.on('close', () => near.destroy());
    });
    middle.listen(0, '127.0.0.1');
    await once(middle, 'listening');
    const target = `127.0.0.1:${(middle.address() as AddressInfo).port}`;
    const client = new Orders(target, grpc.credentials.createInsecure()) as unknown as OrdersClient;
    open.push(client, middle);
    const stream = client.List({ id: '' });
    stream.once('data', () => lose(far));
    await statusOf(stream);

    const ended = await recorder.take(2);
    expect(ended.find(({ kind }) => kind === 'server')).toMatchObject({
      code: 'CANCELLED',
      error: undefined,
    });
  }
});

test('a call that is open when its server shuts down is CANCELLED', async () => {
  const { client, server } = await serve(silent);
  const stream = client.List({ id: '' });
  stream.once('data', () => server.forceShutdown());

  await statusOf(stream);

  expect(await takeServed(1)).toMatchObject([{ code: 'CANCELLED' }]);
});

test('unknown methods share one series', async () => {
  const { client } = await serve();

  await answerOf((done) => client.Missing({ id: '' }, done));

  const [call] = await takeServed(1);
  expect(call).toMatchObject({
    code: 'UNIMPLEMENTED',
    error: 'UNIMPLEMENTED',
    attributes: { 'rpc.method': '_OTHER', 'rpc.method_original': 'shop.Orders/Missing' },
  });
});

test('a message that is too large is RESOURCE_EXHAUSTED', async () => {
  const { client } = await serve({}, { 'grpc.max_receive_message_length': 100 });

  await answerOf((done) => client.Get({ id: 'x'.repeat(1_000) }, done));

  expect(await takeServed(1)).toMatchObject([{ code: 'RESOURCE_EXHAUSTED', error: undefined }]);
});

test('interceptors of the application run inside the call and still decide its status', async () => {
  const seen: unknown[] = [];
  const refuse: Grpc.ServerInterceptor = (_, call) => {
    seen.push((recorder.calls.current as CallRecord | undefined)?.kind);
    return new grpc.ServerInterceptingCall(call, {
      start: () => call.sendStatus({ code: grpc.status.PERMISSION_DENIED, details: 'no' }),
    });
  };
  const { client } = await serve({}, { interceptors: [refuse] });

  const { error } = await answerOf((done) => client.Get({ id: '' }, done));

  expect(error?.details).toBe('no');
  expect(seen).toEqual(['server']);
  expect(await takeServed(1)).toMatchObject([{ code: 'PERMISSION_DENIED', error: undefined }]);
});

test('a call that an interceptor starts later is one call, and its handler runs inside of it', async () => {
  const seen: unknown[] = [];
  const wait: Grpc.ServerInterceptor = (_, call) =>
    new grpc.ServerInterceptingCall(call, { start: (next) => void setTimeout(next, 5) });
  const Get: Unary = (_, done) => {
    seen.push((recorder.calls.current as CallRecord | undefined)?.kind);
    done(null, { id: 'a' });
  };
  const { client } = await serve({ Get }, { interceptors: [wait] });

  await answerOf((done) => client.Get({ id: '' }, done));

  expect(seen).toEqual(['server']);
  expect(await takeServed(1)).toMatchObject([{ code: 'OK' }]);
});

/** A server of gRPC made by hand, as those of Connect are: `answer` chooses the status of a path. */
async function serveByHand(answer: (path: string) => string): Promise<http2.ClientHttp2Session> {
  const server = http2.createServer().on('stream', (stream, { ':path': path = '' }) => {
    const headers = { 'content-type': 'application/grpc', 'grpc-status': answer(path) };
    stream.respond(headers, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  open.push(server, session);
  return session;
}

async function ask(session: http2.ClientHttp2Session, path: string): Promise<void> {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' };
  const request = session.request(headers).resume();
  request.end();
  await once(request, 'close');
}

test('which methods exist is known for each server by itself', async () => {
  const { client } = await serve();
  const byHand = await serveByHand(() => '0');

  await ask(byHand, '/hand.Made/Get');
  await answerOf((done) => client.Get({ id: 'a' }, done));
  await answerOf((done) => client.Missing({ id: '' }, done));

  const served = await takeServed(3);
  expect(served.map(({ attributes }) => attributes['rpc.method'])).toEqual([
    'hand.Made/Get',
    'shop.Orders/Get',
    '_OTHER',
  ]);
});

test('where nothing is registered, only a bounded number of methods that were answered with OK are labels', async () => {
  const session = await serveByHand((path) => (path.includes('Real') ? '0' : '16'));

  for (let i = 0; i < 20; i += 1) await ask(session, `/made.Up/${i}`);
  for (let i = 0; i < 120; i += 1) await ask(session, `/shop.Real/${i}`);
  await ask(session, `/shop.Real/${'A'.repeat(4_096)}`);

  const served = await takeServed(141);
  const methods = new Set(served.map(({ attributes }) => String(attributes['rpc.method'])));
  expect(methods).toContain('shop.Real/0');
  expect(methods.size).toBeLessThanOrEqual(101);
  expect([...methods].filter((name) => !name.startsWith('shop.Real/'))).toEqual(['_OTHER']);
  expect(Math.max(...[...methods].map(({ length }) => length))).toBeLessThan(256);
});

test('a server that breaks the stream off at the deadline is DEADLINE_EXCEEDED', async () => {
  const server = http2.createServer().on('stream', (stream, { 'grpc-timeout': timeout }) => {
    stream.on('error', () => {}).respond({ 'content-type': 'application/grpc' });
    setTimeout(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), timeout === '50m' ? 50 : 5);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  open.push(server, session);

  for (const timeout of ['50m', '10S']) {
    const headers = { ':method': 'POST', 'content-type': 'application/grpc', 'grpc-timeout': timeout };
    const request = session.request(headers).on('error', () => {});
    await new Promise((resolve) => request.once('close', resolve));
  }

  expect((await takeServed(2)).map(({ code }) => code)).toEqual(['DEADLINE_EXCEEDED', 'UNKNOWN']);
});

test('other requests over HTTP/2 are not gRPC calls', async () => {
  const server = http2.createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  open.push(server, session);

  const request = session.request({ ':path': '/' }).resume();
  await once(request, 'close');

  await recorder.take(0);
});

/** Backends in trouble: each call gets a clear error in bounded time, and the next one is served. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, startBackend } from '../../examples/gateway/conformance/backend.ts';
import { freePort } from '../support/app.js';
import { buildImage, type Gateways, startGateways } from '../support/gateway.js';
import { type RawBackend, startRawBackend } from '../support/raw-backend.js';

let image: string;
beforeAll(() => {
  image = buildImage();
});

/** A message as gRPC frames it. */
function frame(bytes: Buffer, length = bytes.length, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** An `Inspection`, and a `CountResponse` with n = 1. */
const ANSWER = frame(Buffer.alloc(0));
const ONE = frame(Buffer.from([0x08, 1]));

function answer(stream: ServerHttp2Stream, body: Buffer, trailers: Record<string, string>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(body);
}

function page(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': status, 'content-type': 'text/html' });
  stream.end('<html>proxy error</html>');
}

/** What the backend does, by the name of the fault. */
const BEHAVIOURS: Record<string, (stream: ServerHttp2Stream) => void> = {
  none: (stream) => answer(stream, ANSWER, { 'grpc-status': '0' }),
  'a frame that is cut off': (stream) =>
    answer(stream, frame(Buffer.from([1, 2]), 100), { 'grpc-status': '0' }),
  'a frame of 4 GB': (stream) => answer(stream, frame(Buffer.from([1]), 0xffff_ffff), { 'grpc-status': '0' }),
  'a frame that claims to be compressed': (stream) =>
    answer(stream, frame(ANSWER, 5, 1), { 'grpc-status': '0' }),
  'noise in place of frames': (stream) => answer(stream, Buffer.alloc(50, 0xff), { 'grpc-status': '0' }),
  'bytes that are no message': (stream) =>
    answer(stream, frame(Buffer.alloc(9, 0xff)), { 'grpc-status': '0' }),
  'no message': (stream) => answer(stream, Buffer.alloc(0), { 'grpc-status': '0' }),
  'two messages': (stream) => answer(stream, Buffer.concat([ANSWER, ANSWER]), { 'grpc-status': '0' }),
  'no status': (stream) => answer(stream, ANSWER, {}),
  'a status that is no number': (stream) => answer(stream, ANSWER, { 'grpc-status': 'fine' }),
  'a status that nobody knows': (stream) => answer(stream, ANSWER, { 'grpc-status': '99' }),
  'details that are noise': (stream) =>
    answer(stream, ANSWER, {
      'grpc-status': '9',
      'grpc-message': 'no',
      'grpc-status-details-bin': '/////w==',
    }),
  'a page with status 200': (stream) => page(stream, 200),
  'a page with status 401': (stream) => page(stream, 401),
  'a page with status 404': (stream) => page(stream, 404),
  'a page with status 429': (stream) => page(stream, 429),
  'a page with status 502': (stream) => page(stream, 502),
  'a reset': (stream) => stream.close(2),
  'a refusal': (stream) => stream.close(7),
  'a connection that breaks': (stream) => stream.session?.destroy(),
  'a message and then a reset': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(ONE, () => setTimeout(() => stream.close(2), 50));
  },
  'a message and then a broken connection': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(ONE, () => setTimeout(() => stream.session?.destroy(), 50));
  },
  'a message and then noise': (stream) =>
    answer(stream, Buffer.concat([ONE, frame(Buffer.alloc(9, 0xff))]), { 'grpc-status': '0' }),
  'a message and then silence': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(ONE);
  },
  silence: () => undefined,
};

describe('a backend that sends', () => {
  let backend: RawBackend;
  let gateways: Gateways;
  /** The calls that the gateway has cancelled. */
  let cancelled = 0;
  beforeAll(async () => {
    backend = await startRawBackend((stream, { 'x-request-id': fault }) => {
      stream.on('close', () => {
        if (stream.rstCode === 8) cancelled += 1;
      });
      BEHAVIOURS[String(fault ?? 'none')]?.(stream);
    });
    gateways = await startGateways(image, backend.address);
  });
  afterAll(async () => {
    await gateways?.stop();
    await backend?.close();
  });
  afterEach(async () => {
    // The call after the fault, which may have to wait for a new connection.
    await expect.poll(async () => (await gateways.ask('GET', '/v1/inspect')).status).toBe(200);
  });

  test.each([
    ['a frame that is cut off', 500, 13],
    ['a frame of 4 GB', 500, 13],
    ['a frame that claims to be compressed', 500, 13],
    ['noise in place of frames', 500, 13],
    ['bytes that are no message', 500, 13],
    ['no message', 500, 13],
    ['no status', 500, 13],
    ['a status that is no number', 500, 2],
    ['a status that nobody knows', 500, 2],
    ['details that are noise', 400, 9],
    ['a page with status 200', 500, 13],
    ['a page with status 401', 401, 16],
    ['a page with status 404', 501, 12],
    ['a page with status 429', 503, 14],
    ['a page with status 502', 503, 14],
    ['a reset', 500, 13],
    ['a refusal', 503, 14],
    ['a connection that breaks', 503, 14],
  ])('%s: %i', async (fault, status, code) => {
    const headers = { 'x-request-id': fault };
    const found = await gateways.json('GET', '/v1/inspect', { headers });
    expect(found).toEqual({ status, json: expect.objectContaining({ code, message: expect.any(String) }) });
  });

  // grpc-js reads no further than the first message, so it waits for a status that it does not see.
  test.each(['silence', 'two messages'])('%s: 504 at the deadline that the client grants', async (fault) => {
    const from = performance.now();
    const headers = { 'x-request-id': fault, 'grpc-timeout': '300m' };
    const found = await gateways.json('GET', '/v1/inspect', { headers });
    expect(found).toEqual({ status: 504, json: { code: 4, message: 'the deadline has passed' } });
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test.each([
    ['a message and then a reset', 13],
    ['a message and then a broken connection', 14],
    ['a message and then noise', 13],
    ['a message and then silence', 4],
  ])('%s: the stream ends with the error', async (fault, code) => {
    const headers = { 'x-request-id': fault, 'grpc-timeout': '800m' };
    const { status, body } = await gateways.ask('GET', '/v1/count/2', { headers });
    const lines = body
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(status).toBe(200);
    expect(lines).toEqual([
      { result: { n: 1, padding: '' } },
      { error: { code, message: expect.any(String) } },
    ]);
  });

  test.each([
    ['/v1/inspect', 'silence', 'application/json'],
    ['/v1/inspect', 'silence', 'application/x-protobuf'],
    ['/v1/count/2', 'silence', 'application/x-ndjson'],
    ['/v1/count/2', 'a message and then silence', 'application/x-ndjson'],
    ['/v1/count/2', 'a message and then silence', 'text/event-stream'],
    ['/v1/count/2', 'a message and then silence', 'application/x-protobuf'],
  ])('%s: when the client leaves during %s as %s, the call is cancelled', async (path, fault, accept) => {
    for (const { url } of [gateways.bare, gateways.flagged]) {
      const before = cancelled;
      const left = fetch(new URL(path, url), {
        headers: { 'x-request-id': fault, accept },
        signal: AbortSignal.timeout(300),
      });
      await expect(left.then((response) => response.text())).rejects.toThrow();
      await expect.poll(() => cancelled).toBe(before + 1);
    }
  });
});

describe('a backend that', () => {
  const servers = new Set<Server>();
  const sockets = new Set<Socket>();
  const running: (Gateways | Backend)[] = [];
  afterEach(async () => {
    for (const each of running.splice(0)) await ('stop' in each ? each.stop() : each.close());
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    servers.clear();
  });

  async function addressOf(server: Server): Promise<string> {
    servers.add(server);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function failure(address: string): Promise<{ status: number; json: unknown }> {
    const gateways = await startGateways(image, address);
    running.push(gateways);
    const from = performance.now();
    const found = await gateways.json('GET', '/v1/inspect', { headers: { 'grpc-timeout': '2S' } });
    expect(performance.now() - from).toBeLessThan(6_000);
    // The gateway itself is well.
    expect((await gateways.json('GET', '/v1/openapi.json')).status).toBe(200);
    return found;
  }

  test('is down: 503', async () => {
    expect(await failure(`127.0.0.1:${await freePort()}`)).toMatchObject({ status: 503, json: { code: 14 } });
  });

  test('closes each connection: 503', async () => {
    const address = await addressOf(createServer((socket) => socket.destroy()));
    expect(await failure(address)).toMatchObject({ status: 503, json: { code: 14 } });
  });

  test('never says a word: 504', async () => {
    const address = await addressOf(createServer());
    expect(await failure(address)).toMatchObject({ status: 504, json: { code: 4 } });
  });

  test('sends noise: an error', async () => {
    const address = await addressOf(createServer((socket) => socket.write(Buffer.alloc(100, 0xff))));
    const { status, json } = await failure(address);
    expect([503, 504]).toContain(status);
    expect(json).toMatchObject({ code: status === 503 ? 14 : 4 });
  });

  test('speaks HTTP/1.1: an error', async () => {
    const address = await addressOf(createHttpServer((_, response) => response.end('<html>')));
    const { status, json } = await failure(address);
    expect([503, 504]).toContain(status);
    expect(json).toMatchObject({ code: status === 503 ? 14 : 4 });
  });

  test('comes back is called again within seconds', async () => {
    const port = await freePort();
    const gateways = await startGateways(image, `127.0.0.1:${port}`);
    running.push(gateways);
    expect((await gateways.ask('GET', '/v1/inspect')).status).toBe(503);
    running.push(await startBackend(image, port));
    const both = (): Promise<number[]> =>
      Promise.all(
        [gateways.bare, gateways.flagged].map(async ({ url }) => (await fetch(`${url}/v1/inspect`)).status),
      );
    await expect.poll(both, { timeout: 10_000 }).toEqual([200, 200]);
  });
});

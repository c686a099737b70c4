/** Clients that are slow, greedy or broken: the gateway stays within its limits, and serves the others. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Backend, startBackend } from '../../examples/gateway/conformance/backend.ts';
import type { App } from '../support/app.js';
import { buildImage, type Gateways, startGateways } from '../support/gateway.js';
import { type RawBackend, startRawBackend } from '../support/raw-backend.js';

const MEGABYTE = 1024 * 1024;
const CLIENTS = 200;
const LIMITS = `
limits:
  body_bytes: ${MEGABYTE}
  header_bytes: 8192
  headers_ms: 1500
  request_ms: 2000
`;

let image: string;
let backend: Backend;
let gateways: Gateways;
beforeAll(async () => {
  image = buildImage();
  const config = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), 'gateway.yaml');
  writeFileSync(config, LIMITS);
  backend = await startBackend(image);
  gateways = await startGateways(image, backend.address, { args: ['--config', config] });
});
afterAll(async () => {
  await gateways?.stop();
  backend?.close();
});
afterEach(async () => {
  expect((await gateways.ask('GET', '/v1/shelves/7')).status).toBe(200);
  expect(gateways.bare.stderr()).toBe('');
  expect(gateways.flagged.stderr()).toMatch(/^redhook [^\n]*\n$/);
});

const both = (): App[] => [gateways.bare, gateways.flagged];

/** Resident memory, in bytes: `VmRSS` now, `VmHWM` at its highest. */
function memory({ pid }: App, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

async function open({ url }: App): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What the gateway answers until it closes the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/** What both gateways answer to these bytes, which must be the same. */
async function exchange(bytes: string): Promise<{ status: number; json: unknown }> {
  const [alone, under] = await Promise.all(
    both().map(async (app) => {
      const socket = await open(app);
      socket.write(bytes);
      return untilClosed(socket);
    }),
  );
  expect(under).toBe(alone);
  const [head = '', body = ''] = (alone ?? '').split('\r\n\r\n');
  const [, length] = /content-length: (\d+)/.exec(head) ?? [];
  return { status: Number(head.split(' ')[1]), json: JSON.parse(body.slice(0, Number(length))) };
}

describe('what is no request is refused', () => {
  test.each([
    ['noise', '\x00\x01\x02\r\n\r\n', 400, 3],
    ['a hello of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 3],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 3],
    [
      'two lengths',
      'POST /types HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      400,
      3,
    ],
    [
      'a length beside chunks',
      'POST /types HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      3,
    ],
    ['a header with a line break', 'GET /v1/shelves/7 HTTP/1.1\r\nhost: x\r\na: b\nc\r\n\r\n', 400, 3],
    ['a header of 9 KB', `GET /v1/shelves/7 HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(9_000)}\r\n\r\n`, 431, 8],
    [
      'a flood of headers',
      `GET /v1/shelves/7 HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(5_000)}\r\n`,
      431,
      8,
    ],
    ['a path of 9 KB', `GET /v1/shelves/${'7'.repeat(9_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431, 8],
  ])('%s', async (_, bytes, status, code) => {
    expect(await exchange(bytes)).toEqual({ status, json: { code, message: expect.any(String) } });
  });

  test('a megabyte of headers costs no memory', async () => {
    for (const app of both()) {
      const before = memory(app, 'VmHWM');
      const flood = `GET / HTTP/1.1\r\nhost: x\r\n${`a: ${'b'.repeat(1_000)}\r\n`.repeat(1_000)}`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = await open(app);
          socket.write(flood);
          return untilClosed(socket);
        }),
      );
      // The answer may be lost where the gateway closes a connection on which more arrives.
      for (const answer of answers) expect(answer === '' || answer.startsWith('HTTP/1.1 431 ')).toBe(true);
      expect(memory(app, 'VmHWM') - before).toBeLessThan(40 * MEGABYTE);
    }
  });
});

describe('a body of 10 MB is refused', () => {
  const BODY = Buffer.alloc(10 * MEGABYTE, 'x');

  test.each(['with its length', 'in chunks'])('%s', async (how) => {
    for (const app of both()) {
      const before = memory(app, 'VmHWM');
      const statuses = await Promise.all(Array.from({ length: 20 }, () => upload(app, how === 'in chunks')));
      expect(new Set(statuses)).toEqual(new Set([413]));
      // One megabyte of each at most, and what the garbage collector has not yet found.
      expect(memory(app, 'VmHWM') - before).toBeLessThan(100 * MEGABYTE);
    }
  });

  test('with a status in its body', async () => {
    const found = await exchange(`POST /types HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY.length}\r\n\r\n`);
    expect(found).toEqual({ status: 413, json: { code: 8, message: 'the body is too large' } });
  });

  function upload({ url }: App, isChunked: boolean): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const headers = isChunked ? {} : { 'content-length': BODY.length };
    const agent = new Agent({ keepAlive: true });
    const sent = request(new URL('/types', url), { method: 'POST', headers, agent });
    sent.on('response', (response) => {
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.write(BODY.subarray(0, 2 * MEGABYTE));
    if (!isChunked) sent.write(BODY.subarray(2 * MEGABYTE));
    return promise;
  }
});

describe(`${CLIENTS} clients`, () => {
  test.each([
    ['headers', 'GET /v1/shelves/7 HTTP/1.1\r\nhost: x\r\n', 'a: b\r\n'],
    ['a body', 'POST /types HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n', '{'],
  ])('that send %s drop by drop are closed, and the others are served meanwhile', async (_, begin, drop) => {
    for (const app of both()) {
      const before = memory(app, 'VmRSS');
      const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => open(app)));
      const answers = Promise.all(sockets.map(untilClosed));
      for (const socket of sockets) socket.write(begin);
      const dripping = setInterval(() => {
        for (const socket of sockets) if (socket.writable) socket.write(drop);
      }, 200);
      const served = await fetch(new URL('/v1/shelves/7', app.url), { signal: AbortSignal.timeout(5_000) });
      expect(served.status).toBe(200);
      const found = await answers;
      clearInterval(dripping);
      for (const answer of found) {
        expect(answer).toMatch(/^HTTP\/1\.1 408 /);
        expect(answer).toContain('{"code":4,"message":"the request did not arrive in time"}');
      }
      expect(memory(app, 'VmRSS') - before).toBeLessThan(60 * MEGABYTE);
    }
  });
});

describe('clients that do not read their stream', () => {
  const SIZE = 16 * 1024;
  /** Streams without end to who has a request id, as fast as it may, and ends others after one message. */
  let endless: RawBackend;
  let [sent, cancelled] = [0, 0];
  beforeAll(async () => {
    const message = frameOf(SIZE);
    endless = await startRawBackend((stream, { 'x-request-id': id }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      if (id === undefined) {
        stream.end(message);
        return;
      }
      const write = (): void => {
        do sent += 1;
        while (!stream.destroyed && stream.write(message));
      };
      stream.on('drain', write).on('close', () => {
        if (stream.rstCode === 8) cancelled += 1;
      });
      write();
    });
  });
  afterAll(() => endless?.close());

  async function start(config: string): Promise<App[]> {
    const file = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), 'gateway.yaml');
    writeFileSync(file, config);
    const started = await startGateways(image, endless.address, { args: ['--config', file] });
    onTestFinished(() => started.stop());
    return [started.bare, started.flagged];
  }

  async function ignore(app: App, clients: number): Promise<Socket[]> {
    const sockets = await Promise.all(Array.from({ length: clients }, () => open(app)));
    for (const socket of sockets) {
      socket.pause();
      // A busy machine may get no further by the deadline than the buffers of the kernel, which then hold the whole.
      socket.write('GET /v1/count/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: 1\r\n\r\n');
    }
    return sockets;
  }

  test(`hold back the backend, also ${CLIENTS} of them`, { timeout: 180_000 }, async () => {
    // The deadline is far away, so that it is not what ends a stream.
    for (const app of await start('timeout_ms: 600000')) {
      const before = { memory: memory(app, 'VmRSS'), sent, cancelled };
      const sockets = await ignore(app, CLIENTS);
      await expect.poll(() => sent - before.sent, { timeout: 30_000 }).toBeGreaterThan(CLIENTS);
      await untilSteady(() => sent);
      // 16 messages that grpc-js reads ahead, windows of HTTP/2 and buffers of sockets.
      expect(memory(app, 'VmRSS') - before.memory).toBeLessThan(CLIENTS * 3 * MEGABYTE);

      const served = await fetch(new URL('/v1/count/1', app.url), { signal: AbortSignal.timeout(10_000) });
      expect((await served.text()).split('\n')).toHaveLength(2);
      for (const socket of sockets) socket.destroy();
      await expect.poll(() => cancelled - before.cancelled, { timeout: 30_000 }).toBe(CLIENTS);
    }
  });

  test('are disconnected some time after the deadline', { timeout: 90_000 }, async () => {
    const apps = await start('{ timeout_ms: 2000, limits: { request_ms: 1000 } }');
    const disconnect = async (app: App): Promise<void> => {
      const before = socketsOf(app);
      const sockets = await ignore(app, 5);
      await expect.poll(() => socketsOf(app), { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 5);
      // Those to the backend may be new.
      await expect.poll(() => socketsOf(app), { timeout: 60_000 }).toBeLessThan(before + 3);
      for (const socket of sockets) socket.destroy();
    };
    await Promise.all(apps.map(disconnect));
  });

  /** Waits until a counter grows no more. */
  async function untilSteady(read: () => number): Promise<void> {
    for (let last = -1; last !== read(); ) {
      last = read();
      await delay(2_000);
    }
  }
  function socketsOf({ pid }: App): number {
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return ''; // It has just been closed.
      }
    });
    return links.filter((link) => link.startsWith('socket:')).length;
  }
});

/** A `CountResponse` with a padding of so many bytes, as gRPC frames it. */
function frameOf(size: number): Buffer {
  const length = Buffer.from([(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14]);
  const message = Buffer.concat([Buffer.from([0x12]), length, Buffer.alloc(size, 'x')]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

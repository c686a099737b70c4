/** The end of the gateway by SIGTERM: what is under way is finished up to a limit, and nothing new begins. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type App, listening, NODES, REGISTER, runProgram } from '../support/app.js';
import { buildImage } from '../support/gateway.js';
import { type RawBackend, startRawBackend } from '../support/raw-backend.js';

const MAIN = resolve('examples/gateway/src/main.ts');
const TICK_MS = 100;
/** A `CountResponse` with n = 1, as gRPC frames it. */
const ONE = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);
const LINE = '{"result":{"n":1,"padding":""}}';

let image: string;
/** Streams a message each tick, as often as the header says. */
let backend: RawBackend;
beforeAll(async () => {
  image = buildImage();
  backend = await startRawBackend((stream, { 'x-request-id': ticks }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    let left = Number(ticks);
    const ticking = setInterval(() => {
      stream.write(ONE);
      left -= 1;
      if (left === 0) stream.end();
    }, TICK_MS);
    stream.once('close', () => clearInterval(ticking)).once('finish', () => clearInterval(ticking));
  });
});
afterAll(() => backend?.close());

function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['-pf', '--mount-proc', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const isRoot = mayUnshare();
if (!isRoot) console.log('skipped: the gateway as PID 1; it needs unshare and the right to use it (root)');

const FLAG = ['--import', REGISTER];
const MODES = [
  ['alone', [], false],
  ['under Redhook', FLAG, false],
  ...(isRoot
    ? ([
        ['as PID 1', [], true],
        ['as PID 1 under Redhook', FLAG, true],
      ] as const)
    : []),
] as const;

describe.each(MODES)('the gateway %s', (_, flags, isFirst) => {
  interface Running {
    readonly app: App;
    terminate(): void;
  }

  async function start(config: string): Promise<Running> {
    const file = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), 'gateway.yaml');
    writeFileSync(file, config);
    const args = [...flags, MAIN, '--image', image, '--upstream', backend.address, '--config', file];
    const command = [NODES['24'], ...args, '--host', '127.0.0.1', '--port', '0'];
    const first = ['unshare', '-pf', '--mount-proc', '--kill-child'];
    const [program = '', ...rest] = isFirst ? [...first, ...command] : command;
    const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
    const app = runProgram(program, rest, { env });
    onTestFinished(() => app.stop());
    await listening('the gateway', app);
    const pid = isFirst
      ? Number(execFileSync('pgrep', ['-P', String(app.pid)], { encoding: 'utf8' }))
      : app.pid;
    return { app, terminate: () => process.kill(pid, 'SIGTERM') };
  }

  /** A stream of which one message has arrived. */
  async function watch({ url }: App, ticks: number): Promise<{ rest: Promise<string[]> }> {
    const response = await fetch(new URL('/v1/count/1', url), { headers: { 'x-request-id': String(ticks) } });
    return { rest: response.text().then((text) => text.trimEnd().split('\n')) };
  }

  async function isRefused({ url }: App): Promise<boolean> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    try {
      await once(socket, 'connect');
      return false;
    } catch {
      return true;
    } finally {
      socket.destroy();
    }
  }

  test('finishes its streams and takes no connections', async () => {
    const { app, terminate } = await start('drain_ms: 10000');
    const { rest } = await watch(app, 15);
    const from = performance.now();
    terminate();
    await expect.poll(() => isRefused(app), { timeout: 1_000 }).toBe(true);
    expect(await rest).toEqual(Array.from({ length: 15 }, () => LINE));
    expect(await app.ended).toEqual({ code: 0, signal: null });
    // Not only at the limit.
    expect(performance.now() - from).toBeLessThan(6_000);
  });

  test('ends streams that take too long with an error', async () => {
    const { app, terminate } = await start('drain_ms: 500');
    const { rest } = await watch(app, 1_000);
    const from = performance.now();
    terminate();
    const error = { error: { code: 14, message: 'the gateway is shutting down' } };
    expect(JSON.parse((await rest).at(-1) ?? '')).toEqual(error);
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - from).toBeGreaterThan(400);
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test('does not wait for clients that read nothing', async () => {
    const { app, terminate } = await start('drain_ms: 300');
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    socket.write('POST /types HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{');
    await delay(100);
    const from = performance.now();
    terminate();
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - from).toBeLessThan(5_000);
    socket.destroy();
  });

  test('reports that it is not ready while it still takes requests', async () => {
    const { app, terminate } = await start('{ unready_ms: 1500, drain_ms: 1000 }');
    const probe = async (path: string): Promise<number> => (await fetch(new URL(path, app.url))).status;
    expect([await probe('/readyz'), await probe('/livez')]).toEqual([200, 200]);
    terminate();
    await expect.poll(() => probe('/readyz'), { timeout: 1_000, interval: 20 }).toBe(503);
    expect([await probe('/livez'), await probe('/v1/openapi.json')]).toEqual([200, 200]);
    expect(await app.ended).toEqual({ code: 0, signal: null });
  });

  test('still answers what is asked on an open connection, and closes that', async () => {
    const { app, terminate } = await start('drain_ms: 5000');
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1').setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write('GET /v1/count/1 HTTP/1.1\r\nhost: x\r\nx-request-id: 8\r\n\r\n');
    await expect.poll(() => text).toContain(LINE);
    terminate();
    await delay(200);
    socket.write('GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'close');
    const answers = text.split(/(?=HTTP\/1\.1 )/);
    expect(answers).toHaveLength(2);
    expect(answers[0]?.split(LINE)).toHaveLength(9);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 200 /);
    expect(answers[1]).toMatch(/\r\nconnection: close\r\n/i);
    expect(await app.ended).toEqual({ code: 0, signal: null });
  });
});

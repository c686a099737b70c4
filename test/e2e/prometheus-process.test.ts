/** How the endpoint affects the life of a process, seen from outside. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AppOptions, freePort, NODES, runApp, startApp } from '../support/app.js';

let folder: string;
let app: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'redhook-endpoint-'));
  app = join(folder, 'app.cjs');
  const entry = join(import.meta.dirname, 'prometheus-app.ts');
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', outfile: app });
});
afterAll(() => rmSync(folder, { recursive: true }));

function options(env: Record<string, string>, more: AppOptions = {}): AppOptions {
  return { flags: [], env: { PORT: '0', WORK_MS: '500', ...env }, ...more };
}

describe('a process ends when its work is done', () => {
  const request = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';

  test.each([
    ['an idle connection', '', {}],
    ['half a request', 'GET /metr', {}],
    ['a scrape whose collection hangs', request, { HANG: '1' }],
  ])('with %s open', async (_, bytes, env) => {
    const child = await startApp(app, options(env));
    const socket = connect(child.url, bytes);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    // All of our own limits are longer than this, so none of them ends the process.
    const outcome = await Promise.race([child.ended, new Promise((resolve) => setTimeout(resolve, 4_000))]);
    await child.stop();
    await closed;
    expect(outcome).toEqual({ code: 0, signal: null });
  });

  test('with a connection kept alive after a scrape', async () => {
    const child = await startApp(app, options({}));
    const socket = connect(child.url, request);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toContain('200 OK');
    const outcome = await Promise.race([child.ended, new Promise((resolve) => setTimeout(resolve, 4_000))]);
    await child.stop();
    expect(outcome).toEqual({ code: 0, signal: null });
  });

  test('while it retries a taken port', async () => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as net.AddressInfo;
    const child = runApp(app, options({ PORT: String(port) }));
    expect(await child.ended).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toBe(
      `redhook: metrics: port ${port} is taken (EADDRINUSE), expected a free port; retrying every 1 to 60 s, ` +
        'the application is not affected\n',
    );
    holder.close();
  });

  test('if --permission forbids listening', async () => {
    const flags = ['--permission', '--allow-fs-read=*'];
    const child = runApp(app, options({ PORT: '9464' }, { node: NODES['26'], flags }));
    expect(await child.ended).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toBe(
      'redhook: metrics: --permission forbids listening on port 9464, expected --allow-net; there are no metrics to scrape, ' +
        'the application is not affected\n',
    );
  });
});

test('a Node version without --allow-net listens under --permission', async () => {
  const child = await startApp(app, options({}, { flags: ['--permission', '--allow-fs-read=*'] }));
  expect((await fetch(`${child.url}/metrics`)).status).toBe(200);
  await child.stop();
});

test('each worker of a cluster that cannot be added up uses a port of its own and logs it', async () => {
  const port = await freePort();
  const child = runApp(app, options({ PORT: String(port), WORK_MS: '2000' }, { args: ['cluster'] }));
  const urls = (): string[] => child.stdout().match(/http:\S+/g) ?? [];
  await vi.waitUntil(() => urls().length === 2, { timeout: 5_000 });
  const statuses = await Promise.all(urls().map(async (url) => (await fetch(`${url}/metrics`)).status));
  expect(statuses).toEqual([200, 200]);
  const [first, second] = urls()
    .map((url) => Number(new URL(url).port))
    .sort();
  expect(first).toBe(port);
  expect(second).toBeGreaterThan(port);
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(child.stderr()).toBe(
    `redhook: metrics: port ${port} is taken, this cluster worker uses port ${second}\n`,
  );
});

function connect(url: string, bytes: string): Socket {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  return socket;
}

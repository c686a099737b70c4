import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { freePort } from './port.mts';

const CLI = process.env['TEMPORAL_CLI'] ?? 'temporal';

/** Beside the packages that it needs. */
const BUILT_FAKE = resolve('node_modules/.cache/redhook/temporal-fake.cjs');

export interface Temporal {
  readonly name: string;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  stop(): Promise<void>;
}

/** The dev server if its CLI is installed, otherwise the service of the tests, which needs nothing but npm. */
export async function startTemporal(searchAttribute: string): Promise<Temporal> {
  const isInstalled = spawnSync(CLI, ['--version'], { stdio: 'ignore' }).status === 0;
  return isInstalled ? startDevServer(searchAttribute) : startFake();
}

async function startDevServer(searchAttribute: string): Promise<Temporal> {
  const ports = {
    port: await freePort(0),
    'http-port': await freePort(0),
    'metrics-port': await freePort(0),
  };
  const server = spawn(
    CLI,
    [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1'],
      ...['--search-attribute', `${searchAttribute}=Keyword`],
      ...Object.entries(ports).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ],
    { stdio: 'ignore' },
  );
  const ended = once(server, 'close');
  process.once('exit', () => server.kill());
  // Its namespace exists before the port is open.
  while (!(await isOpen(ports.port))) await delay(50);
  return {
    name: 'the dev server of Temporal',
    address: `127.0.0.1:${ports.port}`,
    async stop() {
      server.kill();
      await ended;
    },
  };
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function startFake(): Promise<Temporal> {
  await build({
    entryPoints: ['test/support/temporal-fake/index.ts'],
    bundle: true,
    platform: 'node',
    packages: 'external',
    define: { 'import.meta.url': '__filename', 'import.meta.dirname': '__dirname' },
    outfile: BUILT_FAKE,
  });
  const { startFake: start } = await import(pathToFileURL(BUILT_FAKE).href);
  return { name: 'the Temporal service of the tests', ...(await start()) };
}

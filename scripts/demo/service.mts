import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './port.mts';

/** An example under the flag, in a process of its own. */
export interface Service {
  readonly name: string;
  /** What it says that it listens on: a URL or `host:port`. */
  readonly address: string;
  /** On this machine alone, so the live page is there too. */
  readonly metrics: string;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The port for the metrics, or any other when it is taken. */
  readonly metricsPort?: number;
  /** Told of each line that it prints. */
  readonly print: (line: string) => void;
}

/** Starts a file with the flag, which writes its traces to stdout, and waits until it tells where it listens. */
export async function startService(
  name: string,
  { cwd, args, env, metricsPort = 0, print }: ServiceOptions,
): Promise<Service> {
  const port = await freePort(metricsPort);
  const app = spawn(process.execPath, ['--import', resolve('dist/register.cjs'), ...args], {
    cwd,
    env: {
      ...process.env,
      OTEL_SERVICE_NAME: name,
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: 'localhost',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(app, 'exit');
  // A demo that fails leaves nobody behind.
  process.once('exit', () => app.kill());
  const address = await new Promise<string>((found, failed) => {
    createInterface({ input: app.stdout }).on('line', (line) => {
      print(line);
      const [, listening] = /\blisten\w* (?:on )?(\S+:\d+)$/.exec(line) ?? [];
      if (listening !== undefined) found(listening);
    });
    exited.then(() => failed(new Error(`${name} ended before it listened`)), failed);
  });
  return {
    name,
    address,
    metrics: `http://localhost:${port}`,
    async stop() {
      app.kill('SIGTERM');
      await exited;
    },
  };
}

/** The page of its metrics. */
export async function metricsOf({ metrics }: Service): Promise<string> {
  return (await fetch(`${metrics}/metrics`)).text();
}

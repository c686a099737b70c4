/** The services that the measured applications use: the receiver of their spans, and a service that they call. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Endpoints } from './agents.mts';
import { startPostgres } from './postgres.mts';

export interface Sink {
  /** The number of spans that have arrived since it started. */
  received(): Promise<number>;
}

/** What an application may call. They run in processes of their own, or here, without telemetry. */
export interface Upstreams {
  readonly http: string;
  /** `undefined` if no application to be measured needs it. */
  readonly postgres: string | undefined;
}

export interface Services {
  readonly sink: Sink;
  readonly endpoints: Endpoints;
  readonly upstreams: Upstreams;
  stop(): Promise<void>;
}

export async function startServices(needsPostgres: boolean): Promise<Services> {
  const sink = fork(resolve('bench/sink.mts'));
  const [{ otlp, datadog }] = await once(sink, 'message');
  sink.once('exit', (code) => {
    if (code !== null) throw new Error(`the receiver of the spans ended with ${code}`);
  });
  const held = new Set<Socket>();
  const silent = createTcpServer((socket) => held.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const upstream = createServer((_request, response) => response.end('17')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const postgres = needsPostgres ? await startPostgres(await freePort()) : undefined;
  return {
    sink: { received: () => ask(sink) },
    endpoints: { otlp, datadog, silent: (silent.address() as AddressInfo).port, metrics: await freePort() },
    upstreams: {
      http: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      postgres: postgres?.url,
    },
    async stop() {
      await postgres?.stop();
      sink.kill('SIGKILL');
      silent.close();
      for (const socket of held) socket.destroy();
      upstream.close();
      upstream.closeAllConnections();
    },
  };
}

async function ask(sink: ChildProcess): Promise<number> {
  const answer = once(sink, 'message');
  sink.send('count');
  const [received] = await answer;
  return received;
}

async function freePort(): Promise<number> {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

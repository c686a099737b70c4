import type { Cluster } from 'node:cluster';
import { createServer } from 'node:net';
import { markAsOwn } from '../../calls/own-traffic.js';

/** Node keeps messages whose `cmd` begins with `NODE_` from the listeners of the application. */
const RELEASE = 'NODE_REDHOOK_RELEASE';
const LONGEST_WAIT_MS = 500;
const PAUSE_MS = 2;

interface Release {
  readonly cmd: typeof RELEASE;
  readonly port: number;
}

/** Loaded late, because loading takes milliseconds. `listen` of the application loads it too. */
export function cluster(): Cluster {
  return process.getBuiltinModule('node:cluster') as unknown as Cluster;
}

/**
 * In the primary: makes the workers release a port that a server of the application is about to bind, for the primary
 * itself or for a worker. Returns when the port is free, because the bind follows at once.
 */
export function reclaim(port: number): void {
  const { workers = {} } = cluster();
  const connected = Object.values(workers).filter((worker) => worker?.isConnected());
  if (connected.length === 0 || isFree(port)) return;
  for (const worker of connected) worker?.send({ cmd: RELEASE, port } satisfies Release);
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + LONGEST_WAIT_MS;
  while (!isFree(port) && performance.now() < end) Atomics.wait(sleep, 0, 0, PAUSE_MS);
}

/** In a worker: calls `release` with each port that the primary reclaims. Returns how to stop. */
export function whenReclaimed(release: (port: number) => void): () => void {
  const events: NodeJS.EventEmitter = process;
  const onMessage = (message: Partial<Release> | null): void => {
    if (message?.cmd === RELEASE && message.port !== undefined) release(message.port);
  };
  events.on('internalMessage', onMessage);
  return () => events.off('internalMessage', onMessage);
}

/** Without a host `listen` binds before it returns. */
function isFree(port: number): boolean {
  const probe = createServer().on('error', () => {});
  markAsOwn(probe);
  probe.listen({ port, exclusive: true });
  const { listening } = probe;
  probe.close();
  return listening;
}

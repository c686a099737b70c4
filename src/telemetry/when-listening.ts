import type { Cluster } from 'node:cluster';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import { isOwn } from '../calls/own-traffic.js';

const LISTENING = 'tracing:net.server.listen:asyncEnd';

/**
 * Runs `then` once this process serves a TCP port. Process managers and build tools, which NODE_OPTIONS reaches too,
 * do not, so they never take the metrics port from the application that they start.
 */
export function whenListening(then: () => void): void {
  const onListening = (message: unknown): void => {
    const { server } = message as { server: Server };
    if (isOwn(server) || typeof server.address() !== 'object' || servesByWorkers()) return;
    unsubscribe(LISTENING, onListening);
    then();
  };
  subscribe(LISTENING, onListening);
}

/** The primary of a cluster opens the ports, but only to hand the connections on. */
function servesByWorkers(): boolean {
  const { workers } = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  return workers !== undefined && Object.keys(workers).length > 0;
}

import type { Cluster } from 'node:cluster';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import { isOwn } from '../calls/own-traffic.js';

const LISTENING = 'tracing:net.server.listen:asyncEnd';

/**
 * Calls `callback` once, when this process first listens on a TCP port. NODE_OPTIONS also reaches process managers and
 * build tools. They do not listen, so they never take the metrics port from the application that they start.
 */
export function whenListening(callback: () => void): void {
  const onListening = (message: unknown): void => {
    const { server } = message as { server: Server };
    if (isOwn(server) || typeof server.address() !== 'object' || hasClusterWorkers()) return;
    unsubscribe(LISTENING, onListening);
    callback();
  };
  subscribe(LISTENING, onListening);
}

/** The primary of a cluster opens ports, but only to pass the connections on to its workers. */
function hasClusterWorkers(): boolean {
  const { workers } = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  return workers !== undefined && Object.keys(workers).length > 0;
}

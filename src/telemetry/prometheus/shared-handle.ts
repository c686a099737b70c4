import type { EventEmitter } from 'node:events';
import type { Server } from 'node:http';

/**
 * What the servers of Node do to pass data along with a handle that the primary of a cluster has opened: the first
 * server on a port sets the data, all others get it. `node:tls` has its ticket keys in it.
 */
interface ClusterServer {
  _getServerData?(): object;
  _setServerData?(data: object | null | undefined): void;
}

const CLOSING_MS = 1_000;

/**
 * Makes the server of the page share one port with those of the other workers, through their primary, without the
 * application noticing it. `key` is that of the cluster: a primary such as PM2's has workers of several applications,
 * and servers of all of them on one port would share its connections. Returns whether this has happened.
 */
export function shareHandle(server: Server, key: string): () => boolean {
  let isForeign = false;
  const hooks: ClusterServer = {
    _getServerData: () => ({ redhook: key }),
    _setServerData(data) {
      isForeign = (data as { redhook?: unknown } | null | undefined)?.redhook !== key;
    },
  };
  const prototype = Object.getPrototypeOf(server) as Server;
  // The primary would tell the application, and PM2 would take the worker for ready.
  const once = (event: string, listener: () => void): Server =>
    event === 'listening'
      ? server
      : ((prototype as EventEmitter).once.call(server, event, listener) as Server);
  const close = (callback?: (error?: Error) => void): Server => {
    // A worker that disconnects waits for its servers, and must not wait for a scraper.
    setTimeout(() => server.closeAllConnections(), CLOSING_MS).unref();
    return prototype.close.call(server, callback);
  };
  Object.assign(server, hooks, { once, close });
  return () => isForeign;
}

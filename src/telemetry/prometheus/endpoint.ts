import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { lazily } from '../lazily.js';
import { type Address, type ClusterPort, createBinding } from './bind.js';
import { createRequestHandler, type RequestHandlerOptions } from './request-handler.js';

export interface PrometheusOptions extends Address, Omit<RequestHandlerOptions, 'liveFolder'> {
  /** The port of the cluster that this process belongs to, from the moment when it does. */
  clusterPort?(): ClusterPort | undefined;
  /** Called whenever the page has become reachable, and when it is not any more. */
  onListening?(port: number): void;
  onClosed?(): void;
  /** Marks the server as Redhook's own, so that it is not observed. */
  markAsOwn(server: Server): void;
}

export interface PrometheusEndpoint {
  /** Opens the port, with retries. Only the first call counts. */
  listen(): void;
  address(): { readonly port: number } | undefined;
  close(): Promise<void>;
}

/** The endpoint behind `/metrics`. It does not keep the process alive. */
export function createPrometheusEndpoint(options: PrometheusOptions): PrometheusEndpoint {
  const server = createMetricsServer(
    lazily('metrics: the page', () =>
      createRequestHandler({ ...options, liveFolder: join(__dirname, 'live') }),
    ),
  );
  options.markAsOwn(server);
  server.on('listening', () => options.onListening?.(portOf(server) ?? 0));
  server.on('close', () => {
    if (!server.listening) options.onClosed?.();
  });
  const binding = createBinding(server, options, options.clusterPort);
  let closed = false;

  return {
    listen() {
      if (!closed) binding.open();
    },
    address() {
      const port = portOf(server);
      return port === undefined ? undefined : { port };
    },
    async close() {
      closed = true;
      binding.stop();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function portOf(server: Server): number | undefined {
  return (server.address() as AddressInfo | null)?.port;
}

/**
 * Anyone who can reach the port can connect, so the number of connections and each phase of their life is limited:
 * the request and the pause before the next one here, collecting and sending in `createScrape`.
 */
function createMetricsServer(handler: () => RequestListener | undefined): Server {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 5_000,
    },
    (request, response) => {
      const handle = handler();
      if (handle === undefined) response.writeHead(500).end();
      else handle(request, response);
    },
  );
  server.maxConnections = 100;
  server.on('connection', (socket) => socket.unref());
  return server.unref();
}

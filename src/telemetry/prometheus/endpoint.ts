import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { splitTarget } from '../../semconv/url.js';
import type { InternalMetrics } from '../metrics/internal.js';
import { type Address, type ClusterPort, createBinding } from './bind.js';
import { createPage, type PageOptions } from './page.js';
import { createScrape, type Scrape, type ScrapeOptions, sendText } from './scrape.js';

export interface PrometheusOptions extends Address, PageOptions {
  /** The path of the metrics. Every other path is a 404. */
  readonly path: string;
  /** Reads the metrics of the page. */
  readonly collect: ScrapeOptions['collect'];
  /** Where the scrapes are counted. */
  readonly internal: InternalMetrics;
  /** The port of the cluster that this process belongs to, from the moment when it does. */
  clusterPort?(): ClusterPort | undefined;
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
  const { collect, internal } = options;
  const scrape = createScrape({ collect, page: createPage(options), internal });
  const server = createMetricsServer(options.path, scrape);
  options.markAsOwn(server);
  const binding = createBinding(server, options, options.clusterPort);
  let closed = false;

  return {
    listen() {
      if (!closed) binding.open();
    },
    address() {
      const address = server.address() as AddressInfo | null;
      return address === null ? undefined : { port: address.port };
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

const READ_METHODS = new Set(['GET', 'HEAD']);

/**
 * Anyone who can reach the port can connect, so the number of connections and each phase of their life is limited:
 * the request and the pause before the next one here, collecting and sending in `createScrape`.
 */
function createMetricsServer(path: string, scrape: Scrape): Server {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 5_000,
    },
    (request, response) => {
      const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
      // Node would read a body to its end before the next request. Closing the connection avoids that.
      if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');
      if (splitTarget(request.url ?? '').path !== path) {
        sendText(response, 404, `Nothing is here; the metrics are at ${path}`);
      } else if (!READ_METHODS.has(request.method ?? '')) {
        response.setHeader('Allow', 'GET, HEAD');
        sendText(response, 405, 'The metrics can be read with GET and HEAD only');
      } else {
        void scrape(request, response);
      }
    },
  );
  server.maxConnections = 100;
  server.on('connection', (socket) => socket.unref());
  return server.unref();
}

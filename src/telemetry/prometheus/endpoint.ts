import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AggregationTemporality, type MetricProducer, MetricReader } from '@opentelemetry/sdk-metrics';
import { splitTarget } from '../../semconv/url.js';
import type { InternalMetrics } from '../metrics/internal.js';
import { type Address, createBinding } from './bind.js';
import { createPage, type PageOptions } from './page.js';
import { createScrape, type Scrape, sendText } from './scrape.js';

export interface PrometheusOptions extends Address, PageOptions {
  /** The path of the metrics. Every other path is a 404. */
  readonly path: string;
  /** The metrics on the page in addition to the application's instruments. */
  readonly metricProducers: MetricProducer[];
  /** Where the scrapes are counted. */
  readonly internal: InternalMetrics;
  /** How many series an instrument of the application may have. Further ones share its overflow series. */
  readonly cardinalityLimit?: number;
  /** Marks the server as Redhook's own, so that it is not observed. */
  markAsOwn(server: Server): void;
}

export interface PrometheusEndpoint {
  /** For the MeterProvider, whose shutdown closes the endpoint. */
  readonly reader: MetricReader;
  /** Opens the port, with retries. Only the first call counts. */
  listen(): void;
  address(): { readonly port: number } | undefined;
  close(): Promise<void>;
}

/** The endpoint behind `/metrics`. It does not keep the process alive. */
export function createPrometheusEndpoint(options: PrometheusOptions): PrometheusEndpoint {
  const reader = new PrometheusReader(options, close);
  const scrape = createScrape({
    collect: (collectOptions) => reader.collect(collectOptions),
    page: createPage(options),
    internal: options.internal,
  });
  const server = createMetricsServer(options.path, scrape);
  options.markAsOwn(server);
  const binding = createBinding(server, options);
  let closed = false;

  async function close(): Promise<void> {
    closed = true;
    binding.stop();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  return {
    reader,
    listen() {
      if (!closed) binding.open();
    },
    address() {
      const address = server.address() as AddressInfo | null;
      return address === null ? undefined : { port: address.port };
    },
    close,
  };
}

class PrometheusReader extends MetricReader {
  readonly #close: () => Promise<void>;

  constructor({ metricProducers, cardinalityLimit }: PrometheusOptions, close: () => Promise<void>) {
    super({
      aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE,
      metricProducers,
      ...(cardinalityLimit !== undefined && { cardinalitySelector: () => cardinalityLimit }),
    });
    this.#close = close;
  }

  protected override onShutdown(): Promise<void> {
    return this.#close();
  }

  /** Metrics are pulled; there is nothing to push. */
  protected override async onForceFlush(): Promise<void> {}
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

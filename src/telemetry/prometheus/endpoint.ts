import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AggregationTemporality, type MetricProducer, MetricReader } from '@opentelemetry/sdk-metrics';
import { splitTarget } from '../../semconv/url.js';
import type { InternalMetrics } from '../metrics/internal.js';
import { type Address, type Binding, bind } from './bind.js';
import { createPage, type PageOptions } from './page.js';
import { createScrape, type Scrape, sendText } from './scrape.js';

export interface PrometheusOptions extends Address, PageOptions {
  /** Where the metrics are; every other path is 404. */
  readonly path: string;
  /** What stands on the page beside the instruments of the application. */
  readonly metricProducers: MetricProducer[];
  /** Counts the scrapes. */
  readonly internal: InternalMetrics;
  /** Series an instrument of the application; further ones share its overflow series. */
  readonly cardinalityLimit?: number;
  /** Is told of the server, so that Redhook does not observe it. */
  own(server: Server): void;
}

export interface PrometheusEndpoint {
  /** To be given to the MeterProvider, whose shutdown closes the endpoint. */
  readonly reader: MetricReader;
  /** Takes the port, or keeps trying. Only the first call counts. */
  listen(): void;
  address(): { readonly port: number } | undefined;
  close(): Promise<void>;
}

/** The endpoint behind `/metrics`. Nothing of it keeps the process alive. */
export function createPrometheusEndpoint(options: PrometheusOptions): PrometheusEndpoint {
  const reader = new PrometheusReader(options, close);
  const scrape = createScrape({
    collect: (collectOptions) => reader.collect(collectOptions),
    page: createPage(options),
    internal: options.internal,
  });
  const server = createMetricsServer(options.path, scrape);
  options.own(server);
  let binding: Binding | undefined;
  let closed = false;

  async function close(): Promise<void> {
    closed = true;
    binding?.stop();
    if (!server.listening) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  return {
    reader,
    listen() {
      if (!closed) binding ??= bind(server, options);
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

const READS = new Set(['GET', 'HEAD']);

/**
 * Whoever can reach the port can connect, so connections are few and each part of their life is short: the request
 * and the pause before the next one here, collecting and sending in `createScrape`.
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
      // A body would be read to its end before the next request; closing spares that.
      if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');
      if (splitTarget(request.url ?? '').path !== path) {
        sendText(response, 404, `Nothing is here; the metrics are at ${path}`);
      } else if (!READS.has(request.method ?? '')) {
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

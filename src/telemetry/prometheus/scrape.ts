import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CollectionResult, MetricCollectOptions, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { log, reason } from '../../log.js';
import type { InternalMetrics } from '../metrics/internal.js';
import { turn } from '../turn.js';
import { acceptsGzip, negotiateFormat } from './negotiate.js';
import type { Page } from './page.js';

export interface ScrapeOptions {
  readonly collect: (options: MetricCollectOptions) => Promise<CollectionResult>;
  readonly page: Page;
  readonly internal: InternalMetrics;
}

/** Answers one scrape. The promise never rejects. It resolves when the response is complete or out of time. */
export type Scrape = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const MAX_CONCURRENT = 5;
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 30_000;
/**
 * How long a scraper may stop reading. Short, because unsent bytes are the one thing here that Node cannot unref: a
 * stalled scraper can delay the end of the process for this long, if the page exceeds the kernel's buffers.
 */
const STALL_TIMEOUT_MS = 5_000;
/** How long a scraper may read at its own pace while another one waits for its place. */
const SLOW_MS = 2_000;
/** How many characters are rendered and written before the application gets its turn. */
const SLICE_LENGTH = 64 * 1024;

/** Collects the metrics and sends them in the format that the scraper prefers. */
export function createScrape({ collect, page, internal }: ScrapeOptions): Scrape {
  const scrapes = internal.counter(
    'redhook.metrics.scrapes',
    'Scrapes answered, by HTTP status.',
    '{scrape}',
  );
  let inFlight = 0;
  /** The scrapes whose page is being sent, and since when. The first one has taken longest. */
  const sending = new Map<AbortController, number>();
  let hasWarned = false;

  const count = (code: number): void => scrapes.add(1, { 'http.response.status_code': code });

  const refuse = (response: ServerResponse, code: number, text: string): void => {
    count(code);
    sendText(response, code, text);
  };

  const warnOnce = (errors: readonly unknown[]): void => {
    if (errors.length === 0 || hasWarned) return;
    hasWarned = true;
    const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
    log.warn(
      `metrics: some metrics are missing from /metrics: ${reason(errors[0])}${more}; this is logged only once`,
    );
  };

  /** A few scrapers that read slowly must not keep the page from everybody else. */
  const cutOffSlowest = (): boolean => {
    const [slowest] = sending;
    if (slowest === undefined || performance.now() - slowest[1] < SLOW_MS) return false;
    sending.delete(slowest[0]);
    slowest[0].abort();
    return true;
  };

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    timeout: number,
    deadline: AbortController,
  ): Promise<void> {
    let metrics: ResourceMetrics;
    try {
      // The application's callbacks get half of the time, so that a slow one costs its own metrics and not the page.
      const result = await before(deadline.signal, collect({ timeoutMillis: timeout / 2 }));
      warnOnce(result.errors);
      metrics = result.resourceMetrics;
    } catch (error) {
      log.warn(`metrics: a collection failed: ${reason(error)}; the scraper gets a 500`);
      refuse(response, 500, `The metrics could not be collected: ${reason(error)}`);
      return;
    }
    const format = negotiateFormat(request.headers.accept);
    const gzip = acceptsGzip(request.headers['accept-encoding']);
    count(200);
    response.writeHead(200, {
      'Content-Type': format.contentType,
      Vary: 'Accept, Accept-Encoding',
      ...(gzip && { 'Content-Encoding': 'gzip' }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    sending.set(deadline, performance.now());
    response.setTimeout(STALL_TIMEOUT_MS);
    const body = Readable.from(slices(page(metrics, format)), { highWaterMark: 1 });
    const steps = gzip
      ? [body, process.getBuiltinModule('node:zlib').createGzip(), response]
      : [body, response];
    await pipeline(steps, { signal: deadline.signal });
  }

  return async (request, response) => {
    if (inFlight >= MAX_CONCURRENT && !cutOffSlowest()) {
      refuse(response, 503, `Limit of concurrent requests reached (${MAX_CONCURRENT}), try again later.`);
      return;
    }
    inFlight += 1;
    const timeout = timeoutOf(request);
    // Not AbortSignal.timeout: it would keep the collected metrics of every scrape in memory until its time is up.
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeout).unref();
    try {
      await answer(request, response, timeout, deadline);
    } catch (error) {
      // The scraper has left or reads too slowly, or rendering failed. The status is already sent.
      log.debug(`metrics: a scrape was cut off: ${reason(error)}`);
      response.destroy();
    } finally {
      clearTimeout(timer);
      sending.delete(deadline);
      inFlight -= 1;
    }
  };
}

export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/** In milliseconds: a little less than the scraper's own timeout, so that our answer arrives before it gives up. */
function timeoutOf({ headers }: IncomingMessage): number {
  const granted = Number(headers['x-prometheus-scrape-timeout-seconds']) * 1000 * 0.9;
  return granted > 0 ? Math.min(Math.ceil(granted), MAX_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS;
}

function before<T>(deadline: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.addEventListener('abort', () => reject(new Error('it took too long')), { once: true });
    promise.then(resolve, reject);
  });
}

async function* slices(page: Iterable<string>): AsyncGenerator<string> {
  let slice = '';
  for (const text of page) {
    slice += text;
    if (slice.length < SLICE_LENGTH) continue;
    yield slice;
    slice = '';
    await turn();
  }
  yield slice;
}

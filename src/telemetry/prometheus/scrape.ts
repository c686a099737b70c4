import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { CollectionResult, MetricCollectOptions, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { log, reason } from '../../log.js';
import type { InternalMetrics } from '../metrics/internal.js';
import { acceptsGzip, negotiateFormat } from './negotiate.js';
import type { Page } from './page.js';

export interface ScrapeOptions {
  readonly collect: (options: MetricCollectOptions) => Promise<CollectionResult>;
  readonly page: Page;
  readonly internal: InternalMetrics;
}

/** Answers one scrape. The promise never rejects; it settles when the response is done, or is out of time. */
export type Scrape = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const MAX_CONCURRENT = 5;
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 30_000;
/**
 * How long a scraper may stop reading. Short, because unsent bytes are the one thing here that Node cannot unref:
 * for so long a stalled scraper can delay the end of the process, if the page is more than the kernel buffers.
 */
const STALL_TIMEOUT_MS = 5_000;
/** Characters that are made and written before the application has its turn. */
const SLICE = 64 * 1024;

/** Collects the metrics and sends them as the scraper asked for them. */
export function createScrape({ collect, page, internal }: ScrapeOptions): Scrape {
  const scrapes = internal.counter(
    'redhook.metrics.scrapes',
    'Scrapes answered, by HTTP status.',
    '{scrape}',
  );
  let inFlight = 0;
  let toldErrors = false;

  const count = (code: number): void => scrapes.add(1, { 'http.response.status_code': code });

  const refuse = (response: ServerResponse, code: number, text: string): void => {
    count(code);
    sendText(response, code, text);
  };

  const tellOnce = (errors: readonly unknown[]): void => {
    if (errors.length === 0 || toldErrors) return;
    toldErrors = true;
    log.warn(`metrics: some are missing from /metrics: ${errors.map(reason).join('; ')}; this is said once`);
  };

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    timeout: number,
    deadline: AbortSignal,
  ): Promise<void> {
    let metrics: ResourceMetrics;
    try {
      // Callbacks of the application get half of the time: a slow one costs its own metrics, not the page.
      const result = await before(deadline, collect({ timeoutMillis: timeout / 2 }));
      tellOnce(result.errors);
      metrics = result.resourceMetrics;
    } catch (error) {
      log.warn(`metrics: they could not be collected: ${reason(error)}; the scraper gets a 500`);
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
    response.setTimeout(STALL_TIMEOUT_MS);
    const body = Readable.from(slices(page(metrics, format)), { highWaterMark: 1 });
    const steps = gzip
      ? [body, process.getBuiltinModule('node:zlib').createGzip(), response]
      : [body, response];
    await pipeline(steps, { signal: deadline });
  }

  return async (request, response) => {
    if (inFlight >= MAX_CONCURRENT) {
      refuse(response, 503, `Limit of concurrent requests reached (${MAX_CONCURRENT}), try again later.`);
      return;
    }
    inFlight += 1;
    const timeout = timeoutOf(request);
    // Not AbortSignal.timeout: it would hold what was collected until its time is up, for every scrape.
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeout).unref();
    try {
      await answer(request, response, timeout, deadline.signal);
    } catch (error) {
      // The scraper has left or reads too slowly, or the page is at fault; the status is already sent.
      log.debug(`metrics: a scrape was cut off: ${reason(error)}`);
      response.destroy();
    } finally {
      clearTimeout(timer);
      inFlight -= 1;
    }
  };
}

/** A short answer in plain text. */
export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/** A little less than what the scraper grants, so that our answer is there before it leaves. Milliseconds. */
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
    if (slice.length < SLICE) continue;
    yield slice;
    slice = '';
    // A timer, because an immediate that must not keep the process alive would also not be run in time.
    await delay(1, undefined, { ref: false });
  }
  yield slice;
}

import type { RequestListener } from 'node:http';
import { splitTarget } from '../../semconv/url.js';
import { createPage, type PageOptions } from './page.js';
import { createScrape, type ScrapeOptions, sendText } from './scrape.js';

/** What is on the page, how it is read and where the scrapes are counted. */
export interface RequestHandlerOptions extends PageOptions, Omit<ScrapeOptions, 'page'> {
  /** The path of the metrics. Every other path is a 404. */
  readonly path: string;
}

const READ_METHODS = new Set(['GET', 'HEAD']);

/** Answers the requests of scrapers. A chunk of its own: many processes are never scraped, and none while it starts. */
export function createRequestHandler({
  path,
  collect,
  internal,
  ...page
}: RequestHandlerOptions): RequestListener {
  const scrape = createScrape({ collect, internal, page: createPage(page) });
  return (request, response) => {
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
  };
}

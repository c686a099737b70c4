import type { RequestListener } from 'node:http';
import { splitTarget } from '../../semconv/url.js';
import { createLivePage, type LivePageOptions } from '../live/live-page.js';
import { createPage, type PageOptions } from './page.js';
import { createScrape, type ScrapeOptions, sendText } from './scrape.js';

/** What is on the page, how it is read and where the scrapes are counted. */
export interface RequestHandlerOptions extends PageOptions, Omit<ScrapeOptions, 'page'> {
  /** The path of the metrics. */
  readonly path: string;
  /** The page for people, if there is one, and the folder of its files. */
  readonly live?: LivePageOptions | undefined;
  readonly liveFolder: string;
}

const READ_METHODS = new Set(['GET', 'HEAD']);

/** Answers the requests of scrapers. A chunk of its own: many processes are never scraped, and none while it starts. */
export function createRequestHandler({
  path,
  collect,
  internal,
  live,
  liveFolder,
  ...page
}: RequestHandlerOptions): RequestListener {
  const scrape = createScrape({ collect, internal, page: createPage(page) });
  const answerPeople = live === undefined ? undefined : createLivePage(live, liveFolder);
  return (request, response) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    // Node would read a body to its end before the next request. Closing the connection avoids that.
    if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');
    const asked = splitTarget(request.url ?? '').path;
    if (asked !== path) {
      if (request.method === 'GET' && answerPeople?.(asked ?? '/', request, response)) return;
      sendText(response, 404, `Nothing is here; the metrics are at ${path}`);
    } else if (!READ_METHODS.has(request.method ?? '')) {
      response.setHeader('Allow', 'GET, HEAD');
      sendText(response, 405, 'The metrics can be read with GET and HEAD only');
    } else {
      void scrape(request, response);
    }
  };
}

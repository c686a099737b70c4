import { get } from 'node:http';
import { emptyResource } from '@opentelemetry/resources';
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import { asOwnTraffic } from '../../calls/own-traffic.js';
import { SCOPE } from '../scope.js';
import { parseExposition } from './parse-exposition.js';
import { StartTimes } from './start-times.js';

const TIMEOUT_MS = 1_000;
const MAX_LENGTH = 16 * 1024 * 1024;

export interface ScrapedPages {
  /** Adds the page of another exporter in this process, on loopback. */
  add(url: string): void;
  /** What was read last. */
  last(): MetricData[];
  readonly producer: MetricProducer;
}

/** Metrics that another exporter in this process serves. They are read and exported together with Redhook's own. */
export function createScrapedPages(): ScrapedPages {
  const pages = new Map<string, ScrapedPage>();
  let last: MetricData[] = [];
  return {
    last: () => last,
    add: (url) => void pages.set(url, new ScrapedPage(url)),
    producer: {
      async collect() {
        const read = await Promise.all(Array.from(pages.values(), (page) => page.metrics()));
        last = read.flat();
        const resource = emptyResource();
        return {
          resourceMetrics: { resource, scopeMetrics: [{ scope: SCOPE, metrics: last }] },
          errors: [],
        };
      },
    },
  };
}

class ScrapedPage {
  readonly #url: string;
  readonly #starts = new StartTimes();
  #reading: Promise<MetricData[]> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Readers that collect at the same moment share one reading: start times are learnt from one page after the other. */
  metrics(): Promise<MetricData[]> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<MetricData[]> {
    const page = await asOwnTraffic(() => fetchPage(this.#url));
    return parseExposition(page, Date.now(), this.#starts);
  }
}

/** Returns an empty page on any error or timeout: the page is then missing from the scrape, which must not fail. */
function fetchPage(url: string): Promise<string> {
  return new Promise((resolve) => {
    let page = '';
    const request = get(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (chunk) => {
          page += chunk;
          if (page.length > MAX_LENGTH) request.destroy();
        })
        .on('end', () => resolve(response.statusCode === 200 ? page : ''))
        .on('close', () => resolve(''));
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(''));
    request.on('socket', (socket) => socket.unref());
  });
}

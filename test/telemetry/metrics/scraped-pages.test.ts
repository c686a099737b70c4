import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createScrapedPages } from '../../../src/telemetry/metrics/scraped-pages.js';

const servers: http.Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

test('available pages are read, and missing or broken ones are ignored', async () => {
  const scrapedPages = createScrapedPages();
  const gone = await serve(() => {});
  servers.pop()?.close();
  scrapedPages.add(gone);
  scrapedPages.add(await serve((_, response) => response.end('# TYPE a gauge\na 1\n')));
  scrapedPages.add(await serve((_, response) => response.writeHead(500).end('# TYPE b gauge\nb 1\n')));
  scrapedPages.add(await serve((request) => request.socket.destroy()));

  const { resourceMetrics, errors } = await scrapedPages.producer.collect();

  expect(errors).toEqual([]);
  const [scope] = resourceMetrics.scopeMetrics;
  expect(scope?.metrics.map(({ descriptor }) => descriptor.name)).toEqual(['a']);
});

test('a page that never arrives is abandoned after a second', async () => {
  const scrapedPages = createScrapedPages();
  scrapedPages.add(await serve(() => {}));

  const { resourceMetrics } = await scrapedPages.producer.collect();

  expect(resourceMetrics.scopeMetrics[0]?.metrics).toEqual([]);
});

test('each page has start times of its own, which last from one reading to the next', async () => {
  const scrapedPages = createScrapedPages();
  scrapedPages.add(await serve((_, response) => response.end('# TYPE a counter\na 2\n')));
  scrapedPages.add(await serve((_, response) => response.end('# TYPE a counter\na 1\n')));
  const starts = async () => {
    const { resourceMetrics } = await scrapedPages.producer.collect();
    return resourceMetrics.scopeMetrics[0]?.metrics.map(({ dataPoints }) => dataPoints[0]?.startTime);
  };

  const first = await starts();
  await new Promise((resolve) => setTimeout(resolve, 5));

  expect(await starts()).toEqual(first);
});

test('readers that collect at the same moment share one reading', async () => {
  let readings = 0;
  const scrapedPages = createScrapedPages();
  scrapedPages.add(
    await serve((_, response) => {
      readings += 1;
      response.end('# TYPE a counter\na 2\n');
    }),
  );

  const [first, second] = await Promise.all([
    scrapedPages.producer.collect(),
    scrapedPages.producer.collect(),
  ]);
  await scrapedPages.producer.collect();

  expect(first).toEqual(second);
  expect(readings).toBe(2);
});

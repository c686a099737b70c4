import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { emptyResource } from '@opentelemetry/resources';
import { afterEach, expect, test, vi } from 'vitest';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { createScrape } from '../../../src/telemetry/prometheus/scrape.js';

afterEach(() => void vi.useRealTimers());

/** A page that nobody can read to its end. */
function* endless(): Generator<string> {
  while (true) yield 'x'.repeat(64 * 1024);
}

async function serve(page: () => Iterable<string>) {
  const collect = async () => ({
    resourceMetrics: { resource: emptyResource(), scopeMetrics: [] },
    errors: [],
  });
  const server = http.createServer(createScrape({ collect, page, internal: createInternalMetrics() }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, scrape: () => answerOf(http.get({ port, host: '127.0.0.1', agent: false })) };
}

async function answerOf(request: http.ClientRequest): Promise<http.IncomingMessage> {
  const [response] = await once(request, 'response');
  return response.on('error', () => {});
}

test('of five scrapers that read slowly, the slowest makes room for another one', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  let isEndless = true;
  const { server, scrape } = await serve(() => (isEndless ? endless() : ['short']));
  const slow: http.IncomingMessage[] = [];
  for (let i = 0; i < 5; i += 1) slow.push(await scrape());
  isEndless = false;

  const tooEarly = await scrape();
  vi.advanceTimersByTime(2_000);
  const inTime = await scrape();

  expect([tooEarly.statusCode, inTime.statusCode]).toEqual([503, 200]);
  const firstToEnd = await new Promise((resolve) => {
    for (const response of slow) response.resume().on('close', () => resolve(slow.indexOf(response)));
  });
  expect(firstToEnd).toBe(0);
  for (const response of slow) response.destroy();
  server.close();
});

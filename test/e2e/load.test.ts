/** A thousand mixed requests. RED counts each of them exactly. The spans are exactly the sampled ones. */
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Collector, startCollector } from '../support/collector.js';
import {
  expectSpans,
  mix,
  SAMPLERS,
  type Sent,
  scrapeCounted,
  sendAll,
  startUnder,
  sum,
} from '../support/load.js';
import { total } from '../support/metrics.js';

const SERVER = 'http_server_request_duration_seconds';
const CLIENT = 'http_client_request_duration_seconds';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

interface Kind {
  method: string;
  path: string;
  /** How many server calls and how many client calls of the application the request makes. */
  served: number;
  asked: number;
  /** When the client disconnects: before the response, or in the middle of it. */
  leaves?: 'before' | 'during';
}

const KINDS: Kind[] = [
  { method: 'GET', path: '/', served: 1, asked: 0 },
  { method: 'GET', path: '/orders/7', served: 1, asked: 0 },
  { method: 'GET', path: '/proxy/7', served: 2, asked: 1 },
  { method: 'HEAD', path: '/orders/8', served: 1, asked: 0 },
  { method: 'GET', path: '/nothing/here', served: 1, asked: 0 },
  { method: 'GET', path: '/fail', served: 1, asked: 0 },
  { method: 'GET', path: '/private/cellar', served: 1, asked: 0 },
  { method: 'PROPFIND', path: '/', served: 1, asked: 0 },
  { method: 'GET', path: '/slow', served: 1, asked: 0, leaves: 'before' },
  { method: 'GET', path: '/stream', served: 1, asked: 0, leaves: 'during' },
];

test.each(SAMPLERS)(
  'every request is counted, and the sampled ones are traced, with the sampler %s',
  async (sampler, isSampled) => {
    const app = await startUnder(sampler, 'orders/app.cjs', collector);
    const sent = mix(KINDS);

    await sendAll(sent, (each) => send(app.url, each));

    const samples = await scrapeCounted(app, SERVER, sum(sent.map(({ kind }) => kind.served)));
    expect(total(samples, `${CLIENT}_count`)).toBe(sum(sent.map(({ kind }) => kind.asked)));
    const sampled = sent.filter(({ traceId }) => isSampled(traceId));
    await expectSpans(app, sampler, collector, [SERVER, CLIENT], {
      samples,
      sampled: sum(sampled.map(({ kind }) => kind.served + kind.asked)),
    });
  },
);

/** Sends one request and waits for its end, or disconnects when its kind says so. */
async function send(url: string, { kind, traceparent }: Sent<Kind>): Promise<void> {
  const { method, path, leaves } = kind;
  const request = http.request(url + path, { method, headers: { traceparent } });
  const closed = new Promise((resolve) => request.on('error', () => {}).on('close', resolve));
  request.on('response', (response) => {
    response.on('error', () => {});
    if (leaves === 'during') response.once('data', () => request.destroy());
    else response.resume();
  });
  request.end();
  if (leaves === 'before') {
    await new Promise((resolve) => request.once('finish', resolve));
    await delay(100);
    request.destroy();
  }
  await closed;
}

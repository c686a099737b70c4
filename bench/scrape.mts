/** What a scrape of many series costs the application, and how long it can delay the application's requests. */
import { setTimeout as delay } from 'node:timers/promises';
import { redhook } from './agents.mts';
import type { Services } from './services.mts';
import { median } from './statistics.mts';
import { startTarget } from './target.mts';

export interface ScrapeCost {
  /** The number of samples on the page, as Prometheus counts them. */
  readonly series: number;
  /** The size of the page as it is sent, in bytes. */
  readonly bytes: number;
  /** CPU time of the event loop's thread, in milliseconds: of the first scrape, and the median of the others. */
  readonly first: number;
  readonly later: number;
  /** The longest block of the event loop during a scrape, in milliseconds: the median and the maximum. */
  readonly longestBlock: number;
  readonly longestBlockOfAll: number;
  /** The same without a scrape, which is the noise of the machine. */
  readonly longestBlockIdle: number;
}

/** Each has two methods, and each pair of route and method has 17 samples. */
const ROUTES = 300;
const SCRAPES = 20;
const PAUSE_MS = 300;

export async function measureScrape({ endpoints, upstreams }: Services): Promise<ScrapeCost> {
  const agent = {
    ...redhook,
    env: (all: typeof endpoints) => ({ ...redhook.env(all), ROUTES: `${ROUTES}` }),
  };
  const target = await startTarget({ ...agent, variant: 'routes' }, 'fastify', endpoints, upstreams);
  const origin = `http://127.0.0.1:${target.port}`;
  for (let i = 0; i < ROUTES; i += 1)
    for (const method of ['GET', 'POST']) await (await fetch(`${origin}/orders-${i}/7`, { method })).text();

  /** CPU time of the thread and the longest block during `work`. */
  const during = async <T,>(work: () => Promise<T>) => {
    await delay(PAUSE_MS);
    await (await fetch(`${origin}/longest-block`)).text();
    const before = target.loopCpu();
    const result = await work();
    const cpu = (target.loopCpu() - before) / 1_000;
    const block = Number(await (await fetch(`${origin}/longest-block`)).text());
    return { result, cpu, block };
  };
  const scrape = async () => (await fetch(`http://127.0.0.1:${endpoints.metrics}/metrics`)).text();

  const scrapes = [];
  const idles = [];
  for (let i = 0; i <= SCRAPES; i += 1) {
    scrapes.push(await during(scrape));
    idles.push(await during(() => delay(PAUSE_MS)));
  }
  await target.stop();

  const [first, ...later] = scrapes;
  const page = first?.result ?? '';
  const blocks = later.map(({ block }) => block);
  return {
    series: page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
    bytes: Buffer.byteLength(page),
    first: first?.cpu ?? Number.NaN,
    later: median(later.map(({ cpu }) => cpu)),
    longestBlock: median(blocks),
    longestBlockOfAll: Math.max(...blocks),
    longestBlockIdle: median(idles.map(({ block }) => block)),
  };
}

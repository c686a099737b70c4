/** One page for all workers of a cluster, seen by a client that counts along. */

import { readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type App, freePort, NODES, REGISTER, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { parse, type Sample, scrape, total } from '../support/metrics.js';
import { parseOpenMetrics } from '../support/openmetrics.js';

const CALLS = 'http_server_request_duration_seconds_count';
const WORKERS = 8;
const CLIENTS = 4;
/** Many processes start, also on machines where much else runs. */
const PATIENCE = 120_000;

interface Cluster extends App {
  metricsPort: number;
}

/** `led`: the primary has the flag. `shared`: only the workers do, as under PM2. */
type Mode = 'led' | 'shared';
const MODES: Mode[] = ['led', 'shared'];

async function startCluster(mode: Mode, env: Record<string, string> = {}, node?: string): Promise<Cluster> {
  const metricsPort = await freePort();
  const app = await startApp('cluster-load.cjs', {
    ...(node !== undefined && { node }),
    flags: mode === 'led' ? ['--require', REGISTER] : [],
    env: {
      WORKERS: '4',
      PORT: String(await freePort()),
      ...(mode === 'shared' && { FLAG: REGISTER }),
      OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
      OTEL_SERVICE_NAME: 'orders',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_LOG_LEVEL: 'warn',
      ...env,
    },
  });
  onTestFinished(() => app.stop());
  const cluster = Object.assign(app, { metricsPort });
  await expect.poll(() => isServed(cluster), { timeout: PATIENCE }).toBe(true);
  return cluster;
}

async function isServed({ metricsPort }: Cluster): Promise<boolean> {
  return scrape(metricsPort).then(
    () => true,
    () => false,
  );
}

interface Load {
  /** Requests that were answered, and those that failed, which a killed worker may or may not have counted. */
  served: number;
  failed: number;
  stop(): Promise<void>;
}

/** Several clients, each with a connection for every request, so that all workers get some. */
function load(url: string): Load {
  const agent = new Agent({ keepAlive: false });
  let isRunning = true;
  const result = { served: 0, failed: 0 };
  const request = (): Promise<void> =>
    new Promise((resolve) => {
      const sent = get(url, { agent, timeout: 3_000 }, (response) => {
        response.resume().on('end', () => {
          result.served += 1;
        });
        response.on('error', () => {
          result.failed += 1;
        });
        response.on('close', resolve);
      });
      sent.on('error', () => {
        result.failed += 1;
        resolve();
      });
      // A primary keeps a connection open for ever that it has passed to a worker that was killed just then.
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
    });
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (isRunning) {
      await request();
      await delay(5);
    }
  });
  return Object.assign(result, {
    async stop() {
      isRunning = false;
      await Promise.all(clients);
    },
  });
}

/** The last `worker <id> <pid>` of each worker that has not ended. */
function workers(app: App): { id: string; pid: number }[] {
  const ended = new Set(Array.from(app.stdout().matchAll(/^ended (\d+)$/gm), ([, id]) => id));
  return Array.from(app.stdout().matchAll(/^worker (\d+) (\d+)$/gm), ([, id = '', pid]) => ({
    id,
    pid: Number(pid),
  })).filter(({ id }) => !ended.has(id));
}

/** Ends the oldest worker, and waits for the one that replaces it. */
async function replaceOne(app: App, signal: NodeJS.Signals): Promise<void> {
  const [oldest] = workers(app);
  const before = workers(app).length;
  const heard = (): number => app.stdout().match(/^heard/gm)?.length ?? 0;
  const listening = heard();
  process.kill(oldest?.pid ?? 0, signal);
  await expect.poll(() => app.stdout(), { timeout: PATIENCE }).toContain(`ended ${oldest?.id}\n`);
  await expect.poll(() => workers(app).length, { timeout: PATIENCE }).toBe(before);
  await expect.poll(heard, { timeout: PATIENCE }).toBeGreaterThan(listening);
}

/** Without a connection that is kept, which may be to a worker that ends. */
async function scrapeOnce({ metricsPort }: Cluster): Promise<Sample[]> {
  const headers = { connection: 'close' };
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, {
    headers,
    signal: AbortSignal.timeout(3_000),
  });
  return parse(await response.text());
}

async function counted(app: Cluster): Promise<number> {
  return total(await scrapeOnce(app), CALLS, { http_response_status_code: '200' });
}

function directories(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith('redhook-'));
}

describe.each(MODES)('a cluster, %s', { timeout: PATIENCE }, (mode) => {
  test.each<NodeJS.Signals>(['SIGTERM', 'SIGKILL'])(
    'of 8 counts as its client does, while workers end by %s and are replaced',
    async (signal) => {
      const app = await startCluster(mode, { WORKERS: String(WORKERS) });
      const running = load(app.url);
      for (let round = 0; round < 5; round += 1) {
        await replaceOne(app, signal);
      }
      await running.stop();
      await delay(200);

      const pages = await Promise.all([counted(app), counted(app), counted(app)]);
      expect(new Set(pages).size).toBe(1);
      expect(running.served).toBeGreaterThan(100);
      // Node has sent the last byte before the call ends, so a worker may be killed in between.
      expect(pages[0]).toBeGreaterThanOrEqual(running.served - 6);
      expect(pages[0]).toBeLessThanOrEqual(running.served + running.failed);
    },
  );

  test('loses nothing of workers that are killed when no request is in flight', async () => {
    const app = await startCluster(mode, { WORKERS: '3' });
    let served = 0;
    for (let round = 0; round < 3; round += 1) {
      const running = load(app.url);
      await delay(200);
      await running.stop();
      expect(running.failed).toBe(0);
      served += running.served;
      await delay(50);
      await replaceOne(app, 'SIGKILL');
      expect(await counted(app)).toBe(served);
    }
    const live = workers(app).map(({ id }) => id);
    await expect
      .poll(async () => workersOf(await scrapeOnce(app), 'load'), { timeout: 5_000 })
      .toEqual(live.sort());
    const page = await scrapeOnce(app);
    expect(total(page, 'open')).toBe(3);
    // Counters of the application are saved every second.
    expect(total(page, 'jobs_total')).toBeGreaterThan(served / 2);
    expect(total(page, 'jobs_total')).toBeLessThanOrEqual(served);
  });

  test('answers in time and completely while a worker hangs', async () => {
    const app = await startCluster(mode);
    const running = load(app.url);
    await delay(300);
    await running.stop();
    await delay(50);
    expect(await counted(app)).toBe(running.served);
    await (await fetch(`${app.url}/hang?ms=8000`)).text();

    await delay(150);

    const times: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      const start = performance.now();
      const page = await scrapeOnce(app).catch(() => undefined);
      if (page === undefined) continue;
      times.push(performance.now() - start);
      expect(total(page, CALLS)).toBe(running.served + 1);
      expect(workersOf(page, 'load')).toEqual(['1', '2', '3', '4']);
    }
    // Where workers share the port, the primary may pass one scrape to the one that hangs.
    expect(times.length).toBeGreaterThanOrEqual(mode === 'led' ? 4 : 3);
    expect(Math.max(...times)).toBeLessThan(2_000);
  });

  test('is never dark and never falls in a rolling reload', async () => {
    const app = await startCluster(mode, { WORKERS: '2' });
    const running = load(app.url);
    const seen: number[] = [];
    const failures: Error[] = [];
    let isReloading = true;
    const scraping = (async () => {
      while (isReloading)
        await counted(app).then(
          (count) => seen.push(count),
          (error: Error) => failures.push(error),
        );
    })();
    for (let round = 1; round <= 2; round += 1) {
      app.signal('SIGUSR2');
      await expect.poll(() => app.stdout().match(/reloaded/g)?.length, { timeout: PATIENCE }).toBe(round);
    }
    isReloading = false;
    await scraping;
    await running.stop();
    // A scrape is in flight all the time, so some are in a worker that is killed. The port is always open.
    expect(failures.length).toBeLessThanOrEqual(mode === 'led' ? 0 : 4);
    for (const { cause } of failures) expect(cause).not.toMatchObject({ code: 'ECONNREFUSED' });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    // The application hears of its own port alone.
    expect(app.stdout()).not.toContain(String(app.metricsPort));
  });

  test('keeps exemplars, one for each bucket', async () => {
    const app = await startCluster(mode, {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_LOG_LEVEL: 'none',
    });
    const running = load(app.url);
    await delay(300);
    await running.stop();
    const response = await fetch(`http://127.0.0.1:${app.metricsPort}/metrics`, {
      headers: { accept: 'application/openmetrics-text;version=1.0.0' },
    });
    const family = parseOpenMetrics(await response.text()).find(
      ({ name }) => name === 'http_server_request_duration_seconds',
    );
    const exemplars =
      family?.samples.map(({ exemplar }) => exemplar).filter((each) => each !== undefined) ?? [];
    expect(exemplars.length).toBeGreaterThan(0);
    for (const { labels } of exemplars) expect(labels['trace_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('gives its port to the application, and takes it back', async () => {
    const app = await startCluster(mode);
    const answer = await fetch(`${app.url}/listen?port=${app.metricsPort}`);
    expect(await answer.text()).toBe('listens');
    expect(await (await fetch(`http://127.0.0.1:${app.metricsPort}`)).text()).toBe('own page\n');
    expect(app.stderr()).toContain(`the application listens on port ${app.metricsPort} itself`);
  });
});

test('workers deliver their last spans when their primary has ended', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const app = await startCluster('led', {
    WORKERS: '3',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  });
  const running = load(app.url);
  await delay(300);
  await running.stop();
  expect(collector.spans).toEqual([]);

  app.signal('SIGTERM');
  await app.ended;

  await expect.poll(() => collector.spans.length, { timeout: PATIENCE }).toBe(running.served);
  expect(app.stderr()).toBe('');
});

test.each([
  ['led', NODES['22.15.0']],
  ['shared', NODES['22.15.0']],
  ['led', NODES['26']],
  ['shared', NODES['26']],
] as [Mode, string][])('a cluster (%s) counts on %s with SCHED_NONE, too', async (mode, node) => {
  const app = await startCluster(mode, { POLICY: 'none' }, node);
  const running = load(app.url);
  await delay(300);
  await running.stop();
  await delay(50);
  expect(await counted(app)).toBe(running.served);
  const answer = await fetch(`${app.url}/listen?port=${app.metricsPort}`);
  expect(await answer.text()).toBe('listens');
});

test(
  'files of many workers stay few, and none remain when the cluster has ended',
  async () => {
    const before = directories();
    const app = await startCluster('led', { WORKERS: '2' });
    const [own = ''] = directories().filter((name) => !before.includes(name));
    for (let round = 0; round < 6; round += 1) {
      await replaceOne(app, 'SIGKILL');
    }
    await expect.poll(() => readdirSync(`/dev/shm/${own}`).length).toBeLessThan(12);
    app.signal('SIGTERM');
    await app.ended;
    await expect.poll(directories, { timeout: 10_000 }).not.toContain(own);
  },
  PATIENCE,
);

test('where nothing can be written, one line says so and each worker has a page of its own', async () => {
  const port = await freePort();
  const app = await startApp('cluster-load.cjs', {
    flags: ['--permission', '--allow-fs-read=*', '--allow-child-process', '--require', REGISTER],
    env: {
      PORT: String(await freePort()),
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      OTEL_TRACES_EXPORTER: 'none',
    },
  });
  onTestFinished(() => app.stop());
  await expect
    .poll(
      () =>
        scrape(port).then(
          (page) => page.length,
          () => 0,
        ),
      { timeout: 5_000 },
    )
    .toBeGreaterThan(0);
  expect(app.stderr()).toContain('the metrics of this cluster cannot be added up');
});

function workersOf(page: Sample[], name: string): string[] {
  return page
    .filter((sample) => sample.name === name)
    .map(({ labels }) => labels['worker'] ?? '')
    .sort();
}

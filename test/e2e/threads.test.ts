/** Worker threads that serve requests, seen by a client that counts along. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type App, freePort, NODES, REGISTER, runApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { parse, type Sample, scrape, total } from '../support/metrics.js';
import { parseOpenMetrics } from '../support/openmetrics.js';

const CALLS = 'http_server_request_duration_seconds_count';
const BUCKETS = 'http_server_request_duration_seconds_bucket';
const OK = { http_route: '/orders/:id', http_response_status_code: '200' };
const OBSERVED = { REDHOOK_WORKER_THREADS: 'true' };
/** Every way in which an application may start a thread. */
const THREADS = [
  {},
  { execArgv: [] },
  { execArgv: ['--no-warnings'] },
  { env: {} },
  { env: { OTEL_SERVICE_NAME: 'another' }, execArgv: [] },
  { env: 'shared' },
  { env: 'shared', execArgv: [] },
];
/** Applications may start when much else runs. */
const PATIENCE = { timeout: 20_000 };

const PATIENT = join(import.meta.dirname, '../apps/matrix/patient.yaml');

const UNSEEN = /^redhook: a worker thread listens on port \d+; requests .* REDHOOK_WORKER_THREADS=true$/gm;

interface Threads extends App {
  readonly metricsPort: number;
  /** The URLs of the threads, in the order of their ids. */
  readonly urls: string[];
}

interface Options {
  readonly threads?: readonly object[];
  readonly env?: Record<string, string>;
  readonly flags?: string[];
  readonly node?: string;
}

async function startThreads({ threads = [{}, {}], env, ...options }: Options = {}): Promise<Threads> {
  const metricsPort = await freePort();
  const app = runApp('threads.cjs', {
    ...options,
    input: true,
    env: {
      THREADS: JSON.stringify(threads),
      OTEL_SERVICE_NAME: 'orders',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
      OTEL_LOG_LEVEL: 'warn',
      REDHOOK_CONFIG_FILE: PATIENT,
      ...env,
    },
  });
  onTestFinished(() => app.stop());
  await expect.poll(() => urlsOf(app).length, PATIENCE).toBe(threads.length);
  return Object.assign(app, { metricsPort, urls: urlsOf(app) });
}

function urlsOf(app: App): string[] {
  return Array.from(app.stdout().matchAll(/^thread (\d+) (\S+)$/gm))
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([, , url = '']) => url);
}

async function collect(): Promise<Collector & { readonly env: Record<string, string> }> {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const env = {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    // So that only the end sends what is there.
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  };
  return Object.assign(collector, { env });
}

/** The first thread gets one request, the second two, and so on. Returns how many that were. */
async function request(urls: readonly string[]): Promise<number> {
  let sent = 0;
  for (const [index, url] of urls.entries()) {
    for (let turn = 0; turn <= index; turn += 1) {
      expect((await fetch(`${url}/orders/${turn}`, { headers: { connection: 'close' } })).status).toBe(200);
      sent += 1;
    }
  }
  return sent;
}

async function counted({ metricsPort }: Threads): Promise<number> {
  return total(await scrapeOnce(metricsPort), CALLS, OK);
}

/** The page opens when a thread asks the main thread for it. */
async function scrapeOnce(port: number): Promise<Sample[]> {
  return scrape(port).catch(() => []);
}

describe.each(Object.entries(NODES))('Node %s', { timeout: 60_000 }, (_, node) => {
  test.each([
    { module: 'cjs', how: 'an argument', flags: ['--import', REGISTER], env: {} },
    { module: 'mjs', how: 'NODE_OPTIONS', flags: [], env: { NODE_OPTIONS: `--require ${REGISTER}` } },
  ])('one page counts all threads, $module, with the flag as $how', async ({ module, flags, env }) => {
    const collector = await collect();
    const app = await startThreads({
      threads: THREADS,
      node,
      flags,
      env: { ...OBSERVED, ...collector.env, ...env, MODULE: module },
    });

    const sent = await request(app.urls);
    await expect.poll(() => counted(app), PATIENCE).toBe(sent);

    const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
    const page = await (await fetch(`http://127.0.0.1:${app.metricsPort}/metrics`, { headers })).text();
    const exemplars = parseOpenMetrics(page)
      .flatMap(({ samples }) => samples)
      .filter(({ name, labels }) => name === BUCKETS && labels['http_route'] === OK.http_route)
      .flatMap(({ exemplar }) => exemplar ?? []);
    expect(exemplars.length).toBeGreaterThan(0);
    const workers = parse(page.replace(/ # \{.*$/gm, '')).flatMap(({ labels }) => labels['worker'] ?? []);
    expect(new Set(workers)).toEqual(new Set(['main', ...THREADS.map((_, index) => `thread-${index + 1}`)]));

    app.signal('SIGTERM');
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(collector.spans).toHaveLength(sent);
    expect(new Set(collector.spans.map(({ name }) => name))).toEqual(new Set(['GET /orders/:id']));
    expect(new Set(collector.spans.map(({ resource }) => resource['thread.id'])).size).toBe(THREADS.length);
    expect(new Set(collector.spans.map(({ resource }) => resource['service.name']))).toEqual(
      new Set(['orders']),
    );
    const traces = new Set(collector.spans.map(({ traceId }) => traceId));
    expect(exemplars.every(({ labels }) => traces.has(labels['trace_id'] ?? ''))).toBe(true);
    expect(app.stderr()).toBe('');
  });
});

test('threads of threads are observed, too', async () => {
  const threads = [{}, { execArgv: [] }].map((starts) => ({ workerData: { starts } }));
  const app = await startThreads({ threads, env: OBSERVED });

  const sent = await request(app.urls);

  await expect.poll(() => counted(app), PATIENCE).toBe(sent);
});

test('a thread that starts after a change of the file has the new settings', async () => {
  const collector = await collect();
  const file = join(temporaryFolder(), 'otel-autoconf.yaml');
  writeFileSync(file, 'exit: {timeout: 20s}\ntraces: {sampler: always_on}\n');
  const app = await startThreads({
    threads: [{}],
    env: { ...OBSERVED, ...collector.env, OTEL_LOG_LEVEL: 'info', REDHOOK_CONFIG_FILE: file },
  });
  // The file is watched from the first call on.
  const [first = ''] = app.urls;
  await request([first]);
  await expect.poll(() => app.stderr(), PATIENCE).toContain('redhook 0');

  writeFileSync(file, 'exit: {timeout: 20s}\ntraces: {sampler: always_off}\n');
  await expect.poll(() => app.stderr(), PATIENCE).toContain('traces.sampler changed');
  app.tell('start');
  await expect.poll(() => urlsOf(app).length, PATIENCE).toBe(2);
  const sent = await request(urlsOf(app));

  await expect.poll(() => counted(app), PATIENCE).toBe(1 + sent);
  app.tell('exit');
  await app.ended;
  expect(collector.spans.map(({ resource }) => resource['thread.id'])).toEqual([1, 1]);
});

test('a thread that has ended keeps what it counted', async () => {
  const app = await startThreads({ threads: [{}, {}, {}, {}], env: OBSERVED });
  let sent = await request(app.urls);
  await expect.poll(() => counted(app), PATIENCE).toBe(sent);

  for (const [index, word] of ['terminate', 'throw', 'leave'].entries()) app.tell(`${word} ${index}`);
  await expect
    .poll(
      () =>
        app
          .stdout()
          .match(/^ended \d+$/gm)
          ?.sort(),
      PATIENCE,
    )
    .toEqual(['ended 1', 'ended 1', 'ended 4']);
  expect(await counted(app)).toBe(sent);

  app.tell('start');
  await expect.poll(() => urlsOf(app).length, PATIENCE).toBe(5);
  sent += await request(urlsOf(app).slice(3));
  await expect.poll(() => counted(app), PATIENCE).toBe(sent);
  const samples = await scrapeOnce(app.metricsPort);
  const labels = new Set(samples.flatMap(({ labels }) => labels['worker'] ?? []));
  expect(labels).toEqual(new Set(['main', 'thread-4', 'thread-5']));
});

test('files of many threads stay few, and none remain', { timeout: 60_000 }, async () => {
  const app = await startThreads({ threads: [{}], env: OBSERVED });
  let sent = await request(app.urls);
  await expect.poll(() => counted(app), PATIENCE).toBe(sent);
  const [own = ''] = directoriesOf(app);

  for (let round = 1; round <= 12; round += 1) {
    app.tell(`terminate ${round - 1}`);
    app.tell('start');
    await expect.poll(() => urlsOf(app).length, PATIENCE).toBe(1 + round);
    sent += await request(urlsOf(app).slice(-1));
    // A call ends a moment after its last byte was sent.
    await expect.poll(() => counted(app), PATIENCE).toBe(sent);
  }

  expect(readdirSync(join('/dev/shm', own)).length).toBeLessThan(12);
  app.tell('exit');
  await app.ended;
  expect(directoriesOf(app)).toEqual([]);
});

test('a thread that hangs delays a scrape by no more than the limit, and its calls are there', async () => {
  const app = await startThreads({ env: OBSERVED });
  const sent = await request(app.urls);
  await expect.poll(() => counted(app), PATIENCE).toBe(sent);

  app.tell('hang 0');
  await new Promise((wake) => setTimeout(wake, 100));
  const start = performance.now();
  expect(await counted(app)).toBe(sent);
  expect(performance.now() - start).toBeLessThan(1_000);
});

test('a thread that hangs delays the exit by no more than exit.timeout', async () => {
  const collector = await collect();
  const file = join(temporaryFolder(), 'otel-autoconf.yaml');
  writeFileSync(file, 'exit: {timeout: 6s}');
  const app = await startThreads({
    env: { ...OBSERVED, ...collector.env, REDHOOK_CONFIG_FILE: file },
  });
  await request(app.urls);
  app.tell('hang 0');
  await new Promise((wake) => setTimeout(wake, 100));

  const start = performance.now();
  app.tell('exit');
  expect(await app.ended).toEqual({ code: 3, signal: null });
  expect(performance.now() - start).toBeLessThan(7_000);
  // Those of the other one.
  expect(collector.spans).toHaveLength(2);
});

/** What to tell an application with two threads, until it has ended. */
const ENDS: Record<string, string[]> = {
  'the main thread exits': ['exit'],
  'all that keeps it alive is closed': ['close 0', 'close 1', 'end'],
  'the threads throw': ['throw 0', 'throw 1', 'end'],
  'the threads exit': ['leave 0', 'leave 1', 'end'],
};

test.each(Object.entries(ENDS))('%s: as without Redhook, and the spans are delivered', async (_, words) => {
  const collector = await collect();
  const run = async (flags?: string[]) => {
    const app = await startThreads({ ...(flags && { flags }), env: { ...OBSERVED, ...collector.env } });
    const sent = await request(app.urls);
    for (const word of words) app.tell(word);
    const ended = await app.ended;
    const lines = app
      .stdout()
      .split('\n')
      .filter((line) => !line.startsWith('thread'));
    return { sent, ended, lines: lines.sort(), stderr: app.stderr() };
  };

  const bare = await run([]);
  expect(collector.spans).toEqual([]);
  expect(await run()).toEqual(bare);
  expect(collector.spans).toHaveLength(bare.sent);
});

test('metrics that are pushed are those of each thread', async () => {
  const collector = await collect();
  const app = await startThreads({
    threads: [{}, {}, {}],
    env: { ...OBSERVED, ...collector.env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'otlp' },
  });
  const sent = await request(app.urls);
  app.tell('exit');
  await app.ended;

  const calls = collector.metrics.filter(({ name }) => name === 'http.server.request.duration');
  const counts = calls.flatMap(({ points }) => points.map(({ count = 0 }) => count));
  expect(counts.sort()).toEqual([1, 2, 3]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(sent);
  expect(new Set(calls.map(({ resource }) => resource['service.instance.id'])).size).toBe(3);
});

test.each(
  Object.entries(NODES).flatMap(([version, node]) =>
    // With arguments that a process may have and a thread may not.
    [[], ['--max-old-space-size=300']].map((flags) => ({ version, node, flags })),
  ),
)('the class Worker is what it was, Node $version, $flags', async ({ node, flags }) => {
  const run = async (more: string[]) => {
    const app = runApp('worker-class.mjs', {
      node,
      flags: [...flags, ...more],
      env: { ...OBSERVED, OTEL_TRACES_EXPORTER: 'none' },
    });
    onTestFinished(() => app.stop());
    return { ended: await app.ended, stdout: app.stdout(), stderr: app.stderr() };
  };
  const bare = await run([]);

  expect(bare.ended).toEqual({ code: 0, signal: null });
  expect(await run(['--import', REGISTER])).toEqual(bare);
});

test('without the setting, one line says that they are not seen', async () => {
  const app = await startThreads({ threads: [{}, {}, { env: 'shared' }] });
  const sent = await request(app.urls);
  expect(sent).toBe(6);

  await expect.poll(() => app.stderr(), PATIENCE).toMatch(UNSEEN);
  await expect(scrape(app.metricsPort)).rejects.toThrow();
  app.tell('exit');
  expect(await app.ended).toEqual({ code: 3, signal: null });
  expect(app.stderr().match(UNSEEN)).toHaveLength(1);
  expect(app.stderr().trim().split('\n')).toHaveLength(1);
});

test.each([{}, OBSERVED])('threads of libraries that serve nothing are silent: %o', async (env) => {
  const app = runApp('library-threads.cjs', {
    env: { OTEL_TRACES_EXPORTER: 'none', OTEL_LOG_LEVEL: 'warn', ...env },
  });
  onTestFinished(() => app.stop());

  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(app.stdout().trim().split('\n').at(-1)).toBe('3');
  expect(app.stderr()).toBe('');
  expect(directoriesOf(app)).toEqual([]);
});

test('the file turns it on, and threads of cluster workers are on the page of the cluster', async () => {
  const metricsPort = await freePort();
  const app = runApp('cluster-threads/app.cjs', {
    env: { OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort), OTEL_TRACES_EXPORTER: 'none' },
  });
  onTestFinished(() => app.stop());
  await expect.poll(() => urlsOf(app).length, PATIENCE).toBe(4);

  const sent = await request(urlsOf(app));
  await expect.poll(async () => total(await scrapeOnce(metricsPort), CALLS), PATIENCE).toBe(sent);
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function directoriesOf({ pid }: App): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith('redhook-') && name.includes(`-${pid}.`));
}

/** The configuration file changes while a real application runs. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, freePort, NODES, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

const SERVER_COUNT = 'http_server_request_duration_seconds_count';
const SUCCESSFUL = 'redhook_config_last_reload_successful';
const TIMESTAMP = 'redhook_config_last_reload_success_timestamp_seconds';
/** Rules are in force within two seconds; a busy machine gets longer, except in the test of just that. */
const SOON = { timeout: 6_000, interval: 20 };
const WITHIN_2_S = { timeout: 2_000, interval: 20 };

const cleanUps: (() => Promise<void> | void)[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redhook-reload-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Service {
  app: App;
  collector: Collector;
  port: number;
  /** Writes the file in one step, as editors and tools do. */
  write(yaml: string): void;
  /** The `traceparent` that a callee sees while a request to this path is served. */
  told(path: string): Promise<string>;
}

async function serve(
  yaml: string,
  file = 'chain.cjs',
  env: Record<string, string> = {},
  node: string = NODES['24'],
): Promise<Service> {
  const write = (text: string): void => {
    writeFileSync(join(folder, 'new.yaml'), text);
    renameSync(join(folder, 'new.yaml'), join(folder, 'otel-autoconf.yaml'));
  };
  write(yaml);
  const collector = await startCollector();
  cleanUps.push(() => collector.close());
  const port = await freePort();
  const app = await startApp(file, {
    node,
    cwd: folder,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      ...env,
    },
  });
  cleanUps.push(() => app.stop());
  return { app, collector, port, write, told: async (path) => (await fetch(app.url + path)).text() };
}

test('rules, the sampler and the log level are in force within two seconds', async () => {
  const { app, port, write, told } = await serve('log_level: info');
  const startedAt = Date.now() / 1000;
  expect(await told('/healthz')).toMatch(/-01$/);
  await expect.poll(async () => total(await scrape(port), SUCCESSFUL)).toBe(1);

  write('traces: {rules: [drop: /healthz]}\nmetrics: {limits: {routes: 7}}\nlog_level: debug');
  await expect.poll(() => told('/healthz'), WITHIN_2_S).toMatch(/-00$/);
  expect(await told('/orders')).toMatch(/-01$/);
  expect(app.stderr()).toContain('otel-autoconf.yaml: reloaded; log_level, traces.rules changed\n');
  expect(app.stderr()).toContain('otel-autoconf.yaml: a restart is needed for metrics.limits.routes\n');
  expect(total(await scrape(port), TIMESTAMP)).toBeGreaterThan(startedAt);

  write('traces: {sampler: always_off}');
  await expect.poll(() => told('/orders'), WITHIN_2_S).toMatch(/-00$/);
});

test('a bad file changes nothing, and the page says so until there is a good one', async () => {
  const { app, port, write, told } = await serve('traces: {rules: [drop: /healthz]}');

  write('traces: {rules: [drop: /orders], sampler: sometimes}');
  await expect
    .poll(() => app.stderr(), SOON)
    .toMatch(/otel-autoconf.yaml:1:\d+: found "sometimes", .*; the settings from before stay\n/);
  expect(total(await scrape(port), SUCCESSFUL)).toBe(0);
  expect(await told('/healthz')).toMatch(/-00$/);
  expect(await told('/orders')).toMatch(/-01$/);

  write('traces: {rules: [drop: /orders]}');
  await expect.poll(async () => total(await scrape(port), SUCCESSFUL), SOON).toBe(1);
  expect(await told('/orders')).toMatch(/-00$/);
});

test('headers, trust and single instrumentations change too', async () => {
  const { app, collector, port, write } = await serve('instrumentations: {http-server: true}');
  const caller = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, 'x-id': '7' };
  const count = async () => total(await scrape(port), SERVER_COUNT);
  const ask = async (path: string) => (await fetch(`${app.url}${path}`, { headers: caller })).text();

  await ask('/leaf');
  await expect.poll(count).toBe(1);
  write('instrumentations: {http-server: false}');
  await expect.poll(() => app.stderr(), SOON).toContain('instrumentations.http-server changed');
  expect(await ask('/leaf')).toBe(caller.traceparent);
  write('trust: {incoming: ignore}\nhttp: {server: {request_captured_headers: [x-id]}}');
  await expect
    .poll(() => app.stderr(), SOON)
    .toContain('trust, http captured headers, instrumentations.http-server');
  await ask('/leaf');
  await expect.poll(count).toBe(2);
  app.signal('SIGTERM');
  await app.ended;

  expect(
    collector.spans.map(({ traceId, attributes }) => [traceId, attributes['http.request.header.x-id']]),
  ).toEqual([
    ['a'.repeat(32), undefined],
    [expect.not.stringMatching(/^a+$/), ['7']],
  ]);
});

test('an instrumentation that was off is attached if its library is not loaded, else a restart is named', async () => {
  const { app, write, told } = await serve(
    'instrumentations: {http-server: false, bunyan: false}',
    'chain.cjs',
    { OWN: 'yes' },
  );
  const logged = async () => JSON.parse(await told('/log'));

  write('log_level: info');

  await expect
    .poll(() => app.stderr(), SOON)
    .toContain('a restart is needed for instrumentations.http-server\n');
  expect(await logged()).toHaveProperty('trace_id');
  write('instrumentations: {bunyan: false}');
  await expect.poll(logged, SOON).not.toHaveProperty('trace_id');
  write('log_level: info');
  await expect.poll(logged, SOON).toHaveProperty('trace_id');
});

test.each(Object.entries(NODES))('on Node %s the swap of a mounted ConfigMap is seen', async (_, node) => {
  const mount = (version: string, text: string): void => {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'redhook.yaml'), text);
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  mount('..1', 'log_level: info');
  symlinkSync('..data/redhook.yaml', join(folder, 'redhook.yaml'));
  const { told, port } = await serve('', 'chain.cjs', { REDHOOK_CONFIG_FILE: 'redhook.yaml' }, node);
  expect(await told('/healthz')).toMatch(/-01$/);
  // It is watched by now.
  await expect.poll(async () => total(await scrape(port), SUCCESSFUL)).toBe(1);

  mount('..2', 'traces: {rules: [drop: /healthz]}');

  await expect.poll(() => told('/healthz'), SOON).toMatch(/-00$/);
});

test('a reload under load loses no request and no count', async () => {
  const { app, collector, port, write } = await serve('log_level: info', 'plain.cjs', {
    OTEL_BSP_MAX_QUEUE_SIZE: '100000',
  });
  const files = [
    'traces: {rules: [{path: /a, rate: 5}, drop: /b], keep: {slower_than: 1s}}',
    'traces: {sampler: [',
    'traces: {sampler: {name: parentbased_traceidratio, ratio: 0.5}}\ntrust: {incoming: ignore}',
    'http: {server: {request_captured_headers: [host]}}\ninstrumentations: {express: false}',
  ];
  let isLoaded = true;
  let answered = 0;
  cleanUps.push(() => {
    isLoaded = false;
  });
  const load = async (path: string): Promise<void> => {
    while (isLoaded) {
      const response = await fetch(app.url + path);
      if (response.status === 200 && (await response.text()) === 'ok') answered += 1;
      else throw new Error(`${response.status}`);
    }
  };
  const loads = ['/a', '/b', '/c', '/d'].map(load);
  for (const [i, text] of files.entries()) {
    write(text);
    await expect
      .poll(
        () =>
          app
            .stderr()
            .split('\n')
            .filter((line) => /: reloaded; |; the settings from before stay/.test(line)),
        SOON,
      )
      .toHaveLength(i + 1);
  }
  // However slow the machine is, the load went on.
  await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(500);
  isLoaded = false;
  await Promise.all(loads);

  await expect.poll(async () => total(await scrape(port), SERVER_COUNT)).toBe(answered);
  app.signal('SIGTERM');
  await app.ended;
  expect(collector.spans.length).toBeGreaterThan(100);
  expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(collector.spans.length);
});

test('each worker of a cluster reloads', async () => {
  const PORT = String(await freePort());
  const { app, port, write } = await serve('log_level: info', 'cluster-load.cjs', { PORT });
  await fetch(app.url);
  const states = async () =>
    (await scrape(port)).filter(({ name }) => name === SUCCESSFUL).map(({ value }) => value);
  await expect.poll(states).toContain(1);

  write('log_level: loud');

  await expect.poll(async () => [...new Set(await states())], SOON).toEqual([0]);
  expect((await states()).length).toBeGreaterThanOrEqual(2);
});

test.each([
  ['is off', { REDHOOK_CONFIG_RELOAD: 'false' }, 'chain.cjs'],
  ['has no file', { REDHOOK_CONFIG_FILE: '/dev/null' }, 'chain.cjs'],
])('where the reload %s nothing is watched', async (_, env, file) => {
  const { app, port, write } = await serve('log_level: info', file, env);

  await fetch(app.url);
  write('log_level: loud');
  await new Promise((wake) => setTimeout(wake, 1_500));

  expect((await scrape(port)).filter(({ name }) => name.startsWith('redhook_config'))).toEqual([]);
  expect(app.stderr()).not.toContain('loud');
});

test('the process ends when it has nothing more to do', async () => {
  const { app } = await serve('log_level: info', 'plain.cjs', { LIFETIME: '1500' });
  await (await fetch(app.url, { headers: { connection: 'close' } })).text();

  expect(await app.ended).toEqual({ code: 0, signal: null });
});

/** Whatever fails around Redhook, the application serves every request and ends as it does without Redhook. */

import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type App, freePort, runApp, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

const folder = mkdtempSync(join(tmpdir(), 'redhook-failures-'));
const apps: App[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(env: Record<string, string>, file = 'plain.cjs'): Promise<App> {
  const app = await startApp(file, { cwd: folder, env });
  apps.push(app);
  return app;
}

/** Sends requests, all of which must be answered, and ends the application by SIGTERM. */
async function servesAndEnds(app: App, requests = 20): Promise<void> {
  for (let i = 0; i < requests; i += 1) expect(await (await fetch(app.url)).text()).toBe('ok');
  app.signal('SIGTERM');
  expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
}

test('the collector stops while the application runs, and comes back', async () => {
  const collector = await startCollector();
  const app = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  await fetch(app.url);
  await collector.waitForSpans(1);
  await collector.close();

  await fetch(app.url);
  await expect.poll(() => app.stderr()).toContain('traces: cannot reach');
  const returned = await startCollector({ port: collector.port });
  await returned.waitForSpans(1);
  await servesAndEnds(app);

  expect(app.stderr().match(/cannot reach/g)).toHaveLength(1);
  await returned.close();
});

test('the metrics port is in use at first and becomes free later', async () => {
  const port = await freePort();
  const squatter = createServer().listen(port);
  await once(squatter, 'listening');
  const app = await start({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) });

  await expect.poll(() => app.stderr()).toContain(`port ${port}`);
  await fetch(app.url);
  squatter.close();
  await once(squatter, 'close');

  await expect
    .poll(
      () =>
        scrape(port).then(
          (samples) => total(samples, 'http_server_request_duration_seconds_count'),
          () => 0,
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe(1);
  await servesAndEnds(app);
});

test.each([
  ['broken YAML', 'traces: [unclosed\n', /broken\.yaml:\d+:\d+: /],
  ['a duplicate key and tabs', 'traces: {}\ntraces: {}\n\tmetrics: {}\n', /broken\.yaml:\d+:\d+: /],
  ['a typo', 'trace:\n  exporters:\n  - console\n', /broken\.yaml:1:1: .*traces/],
])('a configuration file with %s', async (_, text, message) => {
  const file = join(folder, 'broken.yaml');
  writeFileSync(file, text);
  const app = await start({
    REDHOOK_CONFIG_FILE: file,
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
  });

  await servesAndEnds(app);

  expect(app.stderr()).toMatch(message);
});

test.each([
  ['missing', (path: string) => path],
  ['a folder', () => folder],
  [
    'unreadable',
    (path: string) => {
      writeFileSync(path, 'traces: {}');
      chmodSync(path, 0o000);
      return path;
    },
  ],
])('a configuration file that is %s', async (kind, make) => {
  const path = make(join(folder, `${kind}.yaml`));
  const app = await start({
    REDHOOK_CONFIG_FILE: path,
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
  });

  await servesAndEnds(app);

  // Root can read every file.
  if (kind !== 'unreadable' || process.getuid?.() !== 0) expect(app.stderr()).toContain(path);
});

test('spans that do not fit into the queue are dropped and counted', async () => {
  const port = await freePort();
  const app = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    OTEL_BSP_MAX_QUEUE_SIZE: '10',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
  });
  for (let i = 0; i < 50; i += 1) await fetch(app.url);

  await expect
    .poll(async () => total(await scrape(port), 'redhook_spans_dropped_total'))
    .toBeGreaterThanOrEqual(35);
  expect(total(await scrape(port), 'http_server_request_duration_seconds_count')).toBe(50);
  await servesAndEnds(app);
});

test('a collector that never answers delays the exit by no more than the limit', async () => {
  const collector = await startCollector();
  collector.answer({ hang: true });
  const app = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
  });
  await fetch(app.url);
  const began = performance.now();

  app.signal('SIGTERM');

  expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
  expect(performance.now() - began).toBeLessThan(10_000);
  await collector.close();
});

test('a script that serves nothing prints and exits as it does without Redhook', async () => {
  const app = runApp('script.cjs', { cwd: folder, env: { OTEL_LOG_LEVEL: 'none' } });

  expect(await app.ended).toEqual({ code: 5, signal: null });
  expect([app.stdout(), app.stderr()]).toEqual(['done\n', '']);
});

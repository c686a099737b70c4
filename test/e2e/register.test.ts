/** The flag in unusual environments: worker threads, old Nodes, other telemetry, several processes. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type App, type AppOptions, freePort, NODES, REGISTER, runApp, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

const SERVER_COUNT = 'http_server_request_duration_seconds_count';
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(file: string, { env, ...more }: AppOptions = {}): Promise<{ app: App; port: number }> {
  const port = await freePort();
  const app = await startApp(file, { ...more, env: { OTEL_EXPORTER_PROMETHEUS_PORT: String(port), ...env } });
  cleanUps.push(() => app.stop());
  return { app, port };
}

async function collect(): Promise<Collector> {
  const collector = await startCollector();
  cleanUps.push(() => collector.close());
  return collector;
}

test.each(['--import', '--require'])('%s leaves worker threads untouched', async (flag) => {
  const { app, port } = await start('worker.cjs', {
    flags: [flag, REGISTER],
    env: { OTEL_TRACES_EXPORTER: 'none' },
  });

  expect(await (await fetch(app.url)).text()).toBe('untouched');
  await expect(scrape(port)).rejects.toThrow();
  await expect.poll(() => app.stderr()).toMatch(/^redhook: a worker thread listens on port \d+; .*\n$/);
});

test('on an old Node one line is printed, and the application runs', () => {
  const node = resolve(import.meta.dirname, '../nodes/node_modules/node12/bin/node');

  const { status, stdout, stderr } = spawnSync(node, ['--require', REGISTER, '-e', 'console.log("runs")'], {
    encoding: 'utf8',
  });

  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: 'runs\n',
    stderr: 'redhook: Node 12.22.12 is older than 22.15; the application runs without telemetry\n',
  });
});

test('with an incomplete build one line is printed, and the application runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-broken-'));
  cleanUps.push(async () => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(REGISTER, join(folder, 'register.cjs'));

  const { status, stdout, stderr } = spawnSync(
    NODES['24'],
    ['--require', join(folder, 'register.cjs'), '-e', 'console.log("runs")'],
    { encoding: 'utf8' },
  );

  expect({ status, stdout }).toEqual({ status: 0, stdout: 'runs\n' });
  expect(stderr).toMatch(/^redhook: cannot be loaded \(Error: Cannot find module '\.\/start\.cjs'/);
});

test('in a folder that is gone, it starts as elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-gone-'));
  const script = 'rmdir "$PWD" && exec "$0" --require "$1" -e "console.log(1)"';

  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, NODES['24'], REGISTER], {
    cwd: folder,
    encoding: 'utf8',
    env: { OTEL_SERVICE_NAME: 'gone', OTEL_TRACES_EXPORTER: 'none', OTEL_LOG_LEVEL: 'debug' },
  });

  expect({ status, stdout }).toEqual({ status: 0, stdout: '1\n' });
  expect(stderr).toMatch(/^redhook \S+: service=gone .*\n$/);
});

test('the globals and the functions that preloads usually replace stay unchanged', async () => {
  const env = { OTEL_LOG_LEVEL: 'none' };
  const bare = runApp('globals.cjs', { flags: [], env });
  const ours = runApp('globals.cjs', { env });

  await Promise.all([bare.ended, ours.ended]);

  expect(ours.stdout()).toContain('createServer');
  expect(ours.stdout()).toBe(bare.stdout());
});

test('OTEL_SDK_DISABLED switches everything off', async () => {
  const { app, port } = await start('plain.cjs', { env: { OTEL_SDK_DISABLED: 'true' } });

  expect(await (await fetch(app.url)).text()).toBe('ok');
  await expect(scrape(port)).rejects.toThrow();
  expect(app.stderr()).toBe('');
});

test('repeating the flag has no effect', async () => {
  const { app, port } = await start('plain.cjs', {
    flags: ['--import', REGISTER, '--require', REGISTER],
    env: { NODE_OPTIONS: `--import ${REGISTER}`, OTEL_TRACES_EXPORTER: 'none' },
  });

  await fetch(app.url);

  await expect.poll(async () => total(await scrape(port), SERVER_COUNT)).toBe(1);
  expect(app.stderr().match(/instrumented=/g)).toHaveLength(1);
});

test('a process that serves nothing does not take the port', async () => {
  const { app, port } = await start('idle.cjs', { env: { OTEL_TRACES_EXPORTER: 'none' } });

  await new Promise((resolve) => setTimeout(resolve, 200));

  await expect(scrape(port)).rejects.toThrow();
  expect(app.stderr()).toBe('');
  await app.stop();
});

test("the application's own spans and metrics join ours", async () => {
  const collector = await collect();
  const { app, port } = await start('own-telemetry.cjs', {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });

  await fetch(app.url);
  await expect.poll(async () => total(await scrape(port), SERVER_COUNT)).toBe(1);
  const samples = await scrape(port);
  app.signal('SIGTERM');
  await app.ended;

  const [own, server] = ['own work', 'GET'].map((name) => collector.spans.find((span) => span.name === name));
  expect(server?.attributes['own.attribute']).toBe('set');
  expect(own).toMatchObject({
    traceId: server?.traceId,
    parentSpanId: server?.spanId,
    scope: { name: 'own' },
  });
  expect(samples).toContainEqual({
    name: 'own_sold_total',
    labels: expect.objectContaining({ what: 'tea', otel_scope_name: 'own', otel_scope_version: '1.2.3' }),
    value: 2,
  });
  expect(samples.some(({ name }) => name.startsWith('nodejs_eventloop_'))).toBe(true);
  expect(samples.some(({ name }) => name.startsWith('v8js_'))).toBe(true);
});

test('an application that starts its own SDK gets a warning for each part that is not used', async () => {
  const { app, port } = await start('own-sdk.cjs', { env: { OTEL_TRACES_EXPORTER: 'console' } });

  await fetch(app.url);

  await expect.poll(async () => total(await scrape(port), SERVER_COUNT)).toBe(1);
  for (const what of ['starts an OpenTelemetry SDK', 'sets a MeterProvider', 'sets a propagator'])
    expect(app.stderr()).toContain(`the application ${what} of its own`);
});

test('traces and metrics are sent over OTLP/HTTP, selected by the protocol or by the port of the URL', async () => {
  const collector = await collect();
  const { app } = await start('plain.cjs', {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_METRICS_EXPORTER: 'otlp',
    },
  });

  await fetch(app.url);
  app.signal('SIGTERM');
  await app.ended;

  expect(collector.requests.map(({ path }) => path).sort()).toEqual(['/v1/metrics', '/v1/traces']);
  expect(collector.spans).toHaveLength(1);
  const [{ traceId, spanId } = {}] = collector.spans;
  expect(collector.metrics.find(({ name }) => name === 'http.server.request.duration')?.points).toMatchObject(
    [{ count: 1, exemplars: [{ traceId, spanId }] }],
  );
});

test('without traces the trace context is still propagated', async () => {
  const { app } = await start('orders/app.cjs', { env: { OTEL_TRACES_EXPORTER: 'none' } });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  const seen = await (await fetch(`${app.url}/echo`, { headers: { traceparent } })).json();

  expect(seen).toMatchObject({ traceparent });
});

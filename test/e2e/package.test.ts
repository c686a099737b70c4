/**
 * The package as its users get it: packed, installed in an empty folder beside Fastify, and loaded before the same
 * application in every module system, by every flag, on every Node. The telemetry must be the same each time.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, NODES, runApp, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { DRIVEN, drive } from '../support/drive.js';
import { type Sample, scrape, total } from '../support/metrics.js';

const ROOT = resolve(import.meta.dirname, '../..');
const MODULE_LOADER = join(ROOT, 'test/apps/module-loader.mjs');

const folder = mkdtempSync(join(tmpdir(), 'redhook-package-'));
let collector: Collector;

beforeAll(async () => {
  const tarball = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  ).trim();
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const { devDependencies } = JSON.parse(
    execFileSync('npm', ['pkg', 'get', '--json'], { cwd: ROOT, encoding: 'utf8' }),
  );
  execFileSync(
    'npm',
    ['install', '--prefer-offline', '--silent', `./${tarball}`, `fastify@${devDependencies.fastify}`],
    {
      cwd: folder,
    },
  );
  cpSync(join(ROOT, 'test/apps/orders'), folder, {
    recursive: true,
    filter: (path) => !path.endsWith('package.json'),
  });
  collector = await startCollector();
}, 120_000);

afterAll(async () => {
  await collector?.close();
  rmSync(folder, { recursive: true, force: true });
});

const FLAGS: Record<string, { flags: string[]; env: Record<string, string> }> = {
  '--import': { flags: ['--import', 'redhook/register'], env: {} },
  '--require': { flags: ['--require', 'redhook/register'], env: {} },
  NODE_OPTIONS: { flags: [], env: { NODE_OPTIONS: '--import redhook/register' } },
};

/** Type stripping needs a flag in the oldest Node and is experimental there. */
const STRIP_TYPES = ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'];

const START_LINE =
  /^redhook \d+\.\d+\.\d+: service=\S+ traces=otlp grpc http:\/\/\S+ metrics=:\d+\/metrics on first use instrumented=\S+\n$/;

interface Story {
  spans: unknown[];
  series: unknown[];
}

let first: Story | undefined;

describe.each(Object.keys(NODES))('Node %s', (version) => {
  describe.each(['app.cjs', 'app.mjs', 'app.ts'])('%s', (file) => {
    test.each(Object.keys(FLAGS))('%s', async (flag) => {
      const service = `${version}-${file}-${flag}`;
      const port = await freePort();
      const { flags, env } = FLAGS[flag] ?? { flags: [], env: {} };
      const app = await startApp(join(folder, file), {
        node: NODES[version as keyof typeof NODES],
        flags: [...flags, ...(file.endsWith('.ts') && version.startsWith('22') ? STRIP_TYPES : [])],
        cwd: folder,
        env: {
          ...env,
          OTEL_SERVICE_NAME: service,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
        },
      });

      await drive(app.url);
      const series = await settled(port);
      app.signal('SIGTERM');

      expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
      expect(app.stderr()).toMatch(START_LINE);
      const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
      const story = { spans: spans.map(comparable).sort(byText), series: series.map(plain).sort(byText) };
      expect(story.spans).toHaveLength(DRIVEN + 1);
      first ??= story;
      expect(story).toEqual(first);
    });
  });
});

/** The counts of the page, once it contains all calls. */
async function settled(port: number): Promise<Sample[]> {
  let samples: Sample[] = [];
  await expect
    .poll(async () => {
      samples = await scrape(port);
      return total(samples, 'http_server_request_duration_seconds_count');
    })
    .toBe(DRIVEN);
  return samples.filter(({ name }) => /^http_(server|client)_request_duration_seconds_count$/.test(name));
}

const VOLATILE = new Set([
  'server.port',
  'network.peer.port',
  'url.full',
  'client.port',
  'server_port',
  'service_name',
]);

function without(attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !VOLATILE.has(name)));
}

function comparable({ name, kind, attributes, status, parentSpanId }: Collector['spans'][number]): unknown {
  return { name, kind, attributes: without(attributes), status, root: !parentSpanId };
}

function plain({ name, labels, value }: Sample): unknown {
  return { name, labels: without(labels), value };
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

const PACKAGE = join(folder, 'node_modules/redhook');

test.each([
  ['--require and the folder of the package, from another working directory', ['--require', PACKAGE]],
  [
    '--import and an absolute path, from another working directory',
    ['--import', join(PACKAGE, 'dist/register.cjs')],
  ],
  [
    '--import behind a loader that takes every .js file for an ES module',
    ['--import', MODULE_LOADER, '--import', join(PACKAGE, 'dist/register.cjs')],
  ],
])('it is loaded by %s', async (_, flags) => {
  const env = { OTEL_METRICS_EXPORTER: 'none', OTEL_LOG_LEVEL: 'debug' };
  const app = runApp('script.cjs', { flags, cwd: tmpdir(), env });

  expect(await app.ended).toEqual({ code: 5, signal: null });
  expect(app.stderr()).toMatch(/^redhook \d+\.\d+\.\d+: .*\n$/);
});

test('the package has no dependencies and contains nothing but the build', () => {
  expect(readdirSync(join(folder, 'node_modules/redhook')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'otel-autoconf.schema.json',
    'otel-autoconf.yaml',
    'package.json',
  ]);
});

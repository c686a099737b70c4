/**
 * The folder that is copied or mounted into containers, as the OpenTelemetry Operator does it: a stock application in
 * ES modules gets it by NODE_OPTIONS alone.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort, NODES, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { DRIVEN, drive } from '../support/drive.js';
import { scrape, total } from '../support/metrics.js';

const ROOT = resolve(import.meta.dirname, '../..');
const DROP_IN = join(ROOT, 'dist/autoinstrumentation');
const NOBODY = 65_534;

const parent = mkdtempSync(join(tmpdir(), 'redhook-drop-in-'));
const folder = join(parent, 'with a space');
let collector: Collector;
beforeAll(async () => {
  cpSync(DROP_IN, folder, { recursive: true });
  // Mounted volumes are often read-only, and the application may run as any user.
  execFileSync('chmod', ['-R', 'a=rX', folder]);
  chmodSync(parent, 0o755);
  collector = await startCollector();
});
afterAll(async () => {
  await collector.close();
  execFileSync('chmod', ['-R', 'u+w', folder]);
  rmSync(parent, { recursive: true, force: true });
});

test('the folder is small, and has no package beside it and nothing native in it', () => {
  const files = readdirSync(DROP_IN, { recursive: true, encoding: 'utf8' });
  const bytes = files.reduce((sum, file) => sum + statSync(join(DROP_IN, file)).size, 0);

  expect(files).toContain('autoinstrumentation.js');
  expect(files).toContain('sbom.cdx.json');
  expect(files.filter((file) => /\.node$|node_modules/.test(file))).toEqual([]);
  expect(bytes).toBeLessThan(6_000_000);
});

test('the bill of materials names what the licences are of', () => {
  const { components } = JSON.parse(readFileSync(join(DROP_IN, 'sbom.cdx.json'), 'utf8'));
  const licences = readFileSync(join(DROP_IN, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  const listed = components.map(({ group, name, version }: Record<string, string>) =>
    [group && `${group}/`, name, ' ', version].join(''),
  );

  expect(listed.length).toBeGreaterThan(5);
  for (const each of listed) expect(licences).toContain(`${each} (`);
});

test('the same sources give the same files', { timeout: 120_000 }, () => {
  const builds = ['a', 'b'].map((name) => {
    const outdir = join(parent, name);
    execFileSync(NODES['24'], ['scripts/build.mts', '--outdir', outdir], { cwd: ROOT, stdio: 'pipe' });
    const all = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).sort();
    const files = all.filter((file) => statSync(join(outdir, file)).isFile());
    return files.map((file) => [file, digestOf(join(outdir, file))]);
  });

  expect(builds[0]).toEqual(builds[1]);
});

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

const LOADED_BY: Record<string, string> = {
  'the file of the Operator': `--require "${folder}/autoinstrumentation.js"`,
  'the folder': `--require "${folder}"`,
  '--import': `--import "file://${folder.replaceAll(' ', '%20')}/autoinstrumentation.js"`,
};

describe.each(Object.keys(NODES))('Node %s', (version) => {
  test.each(Object.keys(LOADED_BY))('by %s', async (how) => {
    const service = `${version}-${how}`;
    const port = await freePort();
    const app = await startApp('orders/app.mjs', {
      node: NODES[version as keyof typeof NODES],
      flags: [],
      env: {
        NODE_OPTIONS: LOADED_BY[how] ?? '',
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      },
      ...(process.getuid?.() === 0 && { uid: NOBODY }),
    });
    onTestFinished(() => app.stop());
    await drive(app.url);
    await expect
      .poll(async () => total(await scrape(port), 'http_server_request_duration_seconds_count'))
      .toBe(DRIVEN);
    app.signal('SIGTERM');

    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
    const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
    expect(spans).toHaveLength(DRIVEN + 1);
    expect(spans.map(({ name }) => name)).toContain('GET /orders/:id');
  });
});

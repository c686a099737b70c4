/** The parts of the bundle that are loaded when they are first needed. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppOptions, REGISTER, runApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';

const folder = mkdtempSync(join(tmpdir(), 'redhook-chunks-'));
let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(async () => {
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of the build with these files alone. */
function buildWith(...files: string[]): string {
  const copy = mkdtempSync(join(folder, 'dist-'));
  for (const file of files) cpSync(join(dirname(REGISTER), file), join(copy, file));
  return join(copy, 'register.cjs');
}

/** A copy of the build without the instrumentations of libraries. */
function buildWithoutLibraries(): string {
  const files = readdirSync(dirname(REGISTER)).filter((file) => file.endsWith('.cjs'));
  return buildWith(...files);
}

async function run(app: string, options: AppOptions = {}) {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...options.env };
  const process = runApp(app, { ...options, env });
  const { code } = await process.ended;
  return { code, stdout: process.stdout(), lines: process.stderr().trim().split('\n') };
}

test('a process that measures nothing needs no chunk', async () => {
  const { code, lines } = await run('script.cjs', {
    flags: ['--require', buildWith('register.cjs', 'start.cjs')],
  });

  expect(code).toBe(5);
  expect(lines).toEqual(['']);
});

test('an application without libraries needs the instrumentation of none', async () => {
  const { code, lines } = await run('plain.cjs', {
    flags: ['--require', buildWithoutLibraries()],
    env: { LIFETIME: '100' },
  });

  expect(code).toBe(0);
  expect(lines).toEqual([expect.stringContaining('service=')]);
});

test('without its chunks Redhook says so, and the application runs', async () => {
  const { code, lines } = await run('module-hooks.cjs', {
    flags: ['--require', buildWith('register.cjs', 'start.cjs')],
  });

  expect(code).toBe(0);
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(
      /^redhook: metrics: the SDK cannot be loaded: ENOENT.*; the application is not affected$/,
    ),
    expect.stringMatching(
      /^redhook: traces: the SDK cannot be loaded: ENOENT.*; the application is not affected$/,
    ),
  ]);
});

test('hooks and mocks of the application do not see the chunks', async () => {
  const { code, stdout } = await run('module-hooks.cjs');

  expect(code).toBe(0);
  const files: string[] = JSON.parse(stdout);
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => file.startsWith(dirname(REGISTER)))).toEqual([]);
  expect(collector.spans.map(({ name }) => name)).toEqual(['own work']);
});

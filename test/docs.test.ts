/** The pages of docs/ that are generated, and those that list names by hand. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { settings } from '../src/config/settings.js';
import { instrumentations, switchable } from '../src/instrumentations/index.js';

const ROOT = resolve(import.meta.dirname, '..');

function page(name: string): string {
  return readFileSync(join(ROOT, 'docs', name), 'utf8');
}

function generate(cwd: string, ...args: string[]): number | null {
  return spawnSync(process.execPath, ['scripts/docs.mts', ...args], { cwd }).status;
}

/** A copy of docs/ beside the sources. */
function copyOfDocs(): string {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['src', 'scripts', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
  cpSync(join(ROOT, 'docs'), join(folder, 'docs'), { recursive: true });
  return folder;
}

test('the generated pages are those of the sources', () => {
  expect(generate(ROOT, '--check')).toBe(0);
});

test('a stale page fails the check, and is renewed', () => {
  const folder = copyOfDocs();
  const file = join(folder, 'docs/metrics.md');
  const fresh = readFileSync(file, 'utf8');
  writeFileSync(file, fresh.replace('`fastify`', '`slowify`'));

  expect(generate(folder, '--check')).toBe(1);
  expect(generate(folder)).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(fresh);
});

test('every setting and every name that can be switched is in docs/configuration.md', () => {
  const text = page('configuration.md');
  for (const { path, env = [] } of settings)
    for (const name of [path, ...env]) if (name !== undefined) expect(text).toContain(`\`${name}\``);
  for (const { name } of switchable) expect(text).toContain(`\`${name}\``);
});

test('every instrumentation and every metric of our own is in docs/metrics.md', () => {
  const text = page('metrics.md');
  for (const { name } of instrumentations) expect(text).toContain(`\`${name}\``);
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).map((file) =>
    readFileSync(join(ROOT, file), 'utf8'),
  );
  const gauges = sources.flatMap((source) =>
    [...source.matchAll(/addGauge\(\{\s*name: '([^']+)'/g)].map(([, name = '']) => name),
  );
  const counters = sources.flatMap((source) =>
    [...source.matchAll(/\.counter\(\s*'([^']+)'/g)].map(([, name = '']) => name),
  );
  expect(gauges.length).toBeGreaterThan(3);
  expect(counters.length).toBeGreaterThan(2);
  for (const name of [...gauges, ...counters]) expect(text).toContain(`\`${name.replaceAll('.', '_')}`);
});

/** `[text](target)` of Markdown, without what is outside the repository. */
const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g;

test.each([
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'RELEASING.md',
  ...globSync('docs/*.md', { cwd: ROOT }),
])('%s links to files that exist', (file) => {
  const targets = [...readFileSync(join(ROOT, file), 'utf8').matchAll(LINK)].map(([, target = '']) => target);
  for (const target of targets) expect(globSync(resolve(ROOT, file, '..', target)), target).toHaveLength(1);
});

/** What Redhook costs, measured by counts and not by time. `npm run bench` measures times. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { NODES, REGISTER } from '../support/app.js';

const FLAG = ['--import', REGISTER];
const START = join(dirname(REGISTER), 'start.cjs');
const KILOBYTE = 1_000;

function run(args: readonly string[], env: Record<string, string> = {}, node: string = NODES['24']): string {
  return execFileSync(node, args, {
    cwd: join(import.meta.dirname, '../apps'),
    encoding: 'utf8',
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      OTEL_LOG_LEVEL: 'none',
      ...env,
    },
  });
}

test('starting reads two small files', () => {
  const files = run([...FLAG, '-p', 'Object.keys(require.cache).join()'])
    .trim()
    .split(',');

  expect(files.sort()).toEqual([REGISTER, START]);
  expect(statSync(START).size).toBeLessThan(160 * KILOBYTE);
});

test('starting loads no slow built-in module', () => {
  const script = 'process.moduleLoadList.filter((name) => name.startsWith("NativeModule")).join()';
  const bare = new Set(run(['-p', script]).trim().split(','));
  const loaded = run([...FLAG, '-p', script])
    .trim()
    .split(',');
  const added = loaded.filter((name) => !bare.has(name)).map((name) => name.replace('NativeModule ', ''));

  for (const slow of ['http2', 'crypto', 'tls', 'https', 'zlib', 'worker_threads', 'inspector'])
    expect(added).not.toContain(slow);
  expect(added.length).toBeLessThan(130);
});

test('a service reads the files of those libraries alone that it uses', () => {
  const readBy = (...required: string[]): string[] => {
    const service = `
      ${required.map((name) => `require('${name}');`).join('')}
      const server = require('node:http').createServer((_, response) => response.end('ok'));
      server.listen(0, '127.0.0.1', async () => {
        await (await fetch('http://127.0.0.1:' + server.address().port)).text();
        process.exit();
      });`;
    return JSON.parse(run(['--require', './reads.cjs', ...FLAG, '-e', service]));
  };

  expect(readBy()).toEqual(expect.arrayContaining(['otlp-spans.cjs', 'start.cjs']));
  expect(readBy().filter((file) => file.startsWith('libraries/'))).toEqual([]);
  expect(readBy('express', 'pg').filter((file) => file.startsWith('libraries/'))).toEqual([
    'libraries/express.cjs',
    'libraries/pg.cjs',
  ]);
});

/** A young generation so large that no garbage is collected during the test. */
const NO_COLLECTION = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

test.each([
  ['counted only', 'always_off', 2_600],
  ['with a span', 'always_on', 3_250],
])('an HTTP server call, %s, allocates few bytes', (_, sampler, most) => {
  const bytes = (flags: readonly string[]) =>
    Number(run([...NO_COLLECTION, ...flags, 'allocation.cjs'], { OTEL_TRACES_SAMPLER: sampler }));

  expect(bytes(FLAG) - bytes([])).toBeLessThan(most);
});

test.each(
  Object.entries(NODES).flatMap(([version, node]) => ['', 'yes'].map((adds) => ({ version, node, adds }))),
)(
  'upgraded sockets share one hidden class in Node $version, with a new property: "$adds"',
  ({ node, adds }) => {
    const output = run(['--allow-natives-syntax', ...FLAG, 'upgrades.cjs'], { ADDS: adds }, node);

    expect(JSON.parse(output)).toEqual({ classes: 1, fast: true });
  },
);

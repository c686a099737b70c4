/** Every version of each logger in one application: its lines beside those of the application without the flag. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NODES, startApp } from '../support/app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
/** Those of pino 6 to 10, of the transports of pino 7 to 10, of winston, and of bunyan 1 and 2; each with a child. */
const LINES = 2 * (5 + 4 + 1 + 2);
const IDS = new RegExp(`,"(?:trace_id":"${TRACE_ID}|span_id":"[0-9a-f]{16}|trace_flags":"0[01])"`, 'g');

const RUNS = ['cjs', 'mjs'].flatMap((modules) =>
  ['22.15.0', '24', '26'].map((node) => [modules, node] as const),
);

test.each(RUNS)('as %s on Node %s', async (modules, version) => {
  const node = NODES[version as keyof typeof NODES];
  const bare = await linesOf(`loggers/app.${modules}`, { node, flags: [] });
  const lines = await linesOf(`loggers/app.${modules}`, { node });

  expect(bare).toHaveLength(2 * LINES);
  const outside = (line: string) => line.includes('outside');
  expect(lines.filter(outside)).toEqual(bare.filter(outside));
  const inside = lines.filter((line) => !outside(line));
  expect(inside.map((line) => line.match(IDS)?.length)).toEqual(Array(LINES).fill(3));
  expect(new Set(inside.map((line) => JSON.parse(line).span_id)).size).toBe(1);
  expect(inside.map((line) => line.replaceAll(IDS, '')).sort()).toEqual(
    bare.filter((line) => !outside(line)),
  );
});

/**
 * The lines on stdout, and those that transports have written into a file, in alphabetical order: several writers of one pipe
 * overtake each other when it is full.
 */
async function linesOf(file: string, options: { node: string; flags?: string[] }): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-loggers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'lines');
  const env = { FILE: path, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
  const app = await startApp(file, { ...options, env });
  onTestFinished(() => app.stop());
  await fetch(app.url, { headers: { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` } });
  const written = () => readFileSync(path, 'utf8').trim().split('\n');
  await expect.poll(() => written().length, { timeout: 10_000 }).toBe(2 * 2 * 4);
  app.signal('SIGTERM');
  await app.ended;
  const printed = app
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return [...printed, ...written()].sort();
}

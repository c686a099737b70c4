import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask, whenAsked } from '../../../src/telemetry/cluster/asks.js';

test('every process is asked, and a request reaches those that come later', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'redhook-asks-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'asks'));
  const heard: [string, number][][] = [[], []];
  const start = (index: number) => whenAsked(directory, (what, token) => heard[index]?.push([what, token]));

  const first = start(0);
  expect(first.isPrompt).toBe(true);
  const served = ask(directory, 'serve');
  await expect.poll(() => heard[0]).toEqual([['serve', served]]);
  const later = start(1);
  expect(heard[1]).toEqual([['serve', served]]);

  const [one, two] = [ask(directory, 'snapshot'), ask(directory, 'snapshot')];
  expect(two).toBeGreaterThan(one);
  for (const each of heard) await expect.poll(() => each.at(-1)).toEqual(['snapshot', two]);
  first.stop();
  later.stop();
});

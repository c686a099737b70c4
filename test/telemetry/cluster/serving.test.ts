import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processId } from '../../../src/process-id.js';
import { othersServe, setServing, waitUntilReleased } from '../../../src/telemetry/cluster/serving.js';

test('who has the port is known to the others, until its end at the latest', () => {
  const directory = mkdtempSync(join(tmpdir(), 'redhook-serving-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'serving'));
  const own = processId(process.pid) ?? '';

  setServing(directory, '999999.1', true);
  expect(othersServe(directory, 'me')).toBe(false);
  setServing(directory, own, true);
  expect(othersServe(directory, 'me')).toBe(true);
  expect(othersServe(directory, own)).toBe(false);

  const start = performance.now();
  waitUntilReleased(directory, 'me', 50);
  expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  setServing(directory, own, false);
  waitUntilReleased(directory, 'me', 10_000);
  expect(performance.now() - start).toBeLessThan(5_000);
});

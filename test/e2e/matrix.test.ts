/** A part of the fault and death matrix, one case of each kind. `npm run matrix` runs all of it and prints a table. */
import { expect, test } from 'vitest';
import { DEATHS } from '../matrix/deaths.js';
import { FAULTS } from '../matrix/faults.js';
import { runCase } from '../matrix/run-case.js';

const PART = [
  'nothing is broken',
  'collector down, queue full',
  'collector stops and comes back',
  'collector rejects',
  'collector throttles (Retry-After)',
  'connection cut in mid-stream',
  'metrics port taken',
  'clock jumps back, seen after us',
  'propagator of the application throws',
  'prototypes of javascript frozen before us',
  'http patched after us',
  'two Redhooks',
  '--permission, Node 26',
  'natural exit, listeners',
  'process.exit in the middle, listeners',
  'SIGTERM, listeners that close',
  'drain longer than our bound',
  'uncaughtException, monitored',
  'unhandledRejection=strict, listeners',
  'process.abort',
  'stdin closes',
  'process.exit, collector hangs',
];

const cases = [...FAULTS, ...DEATHS];

test.each(PART)('%s', { timeout: 180_000 }, async (name) => {
  const given = cases.find((each) => each.name === name);
  if (given === undefined) throw new Error(`the matrix has no case of this name`);
  expect((await runCase(given)).problems).toEqual([]);
});

test('every case has a name of its own', () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CallFile, CallFileReader } from '../../../src/telemetry/cluster/call-file.js';
import type { SeriesDefinition } from '../../../src/telemetry/metrics/series.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redhook-calls-'));
  path = join(folder, 'calls');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function definition(route: string): SeriesDefinition {
  return { histogram: 'h', description: 'Ünits', boundaries: [1, 2], attributes: { route } };
}

function reader(): CallFileReader {
  return new CallFileReader(path, (attributes) => attributes);
}

test('a reader sees each series with its cells as they are now', () => {
  const file = new CallFile(path);
  const [a, b] = [new Float64Array(4), new Float64Array(4)];
  const wroteA = file.add(definition('/a'), a);
  file.add(definition('/ü'), b);
  const read = reader();
  expect(read.read()).toEqual([
    { definition: definition('/a'), cells: a },
    { definition: definition('/ü'), cells: b },
  ]);

  a.set([1, 0, 2, 0.75]);
  expect(file.hasChanged).toBe(false);
  wroteA();

  expect(file.hasChanged).toBe(true);
  expect(read.read()[0]?.cells).toEqual(a);
  expect(read.read()[1]?.cells).toEqual(b);
  file.close();
});

test('a record that is only half there is left out', () => {
  const file = new CallFile(path);
  file.add(definition('/a'), new Float64Array(4));
  const one = readFileSync(path).length;
  file.add(definition('/b'), new Float64Array(4));
  file.close();
  for (const length of [one, one + 4, one + 20, 2 * one - 1]) {
    const whole = readFileSync(path);
    truncateSync(path, length);
    expect(
      reader()
        .read()
        .map(({ definition: { attributes } }) => attributes),
    ).toEqual([{ route: '/a' }]);
    truncateSync(path, 0);
    rmSync(path);
    const again = new CallFile(path);
    again.add(definition('/a'), new Float64Array(4));
    again.add(definition('/b'), new Float64Array(4));
    again.close();
    expect(readFileSync(path)).toEqual(whole);
  }
});

test('after a failure everything is written again', () => {
  const file = new CallFile(path);
  const cells = new Float64Array([1, 2, 3, 4]);
  const wrote = file.add(definition('/a'), cells);
  file.close();
  // The file descriptor is closed, so nothing can be written.
  cells[0] = 9;
  expect(wrote).not.toThrow();
  expect(() => file.repair()).not.toThrow();
  expect(reader().read()[0]?.cells[0]).toBe(1);
});

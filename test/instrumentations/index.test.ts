import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { instrumentations } from '../../src/instrumentations/index.js';

const names = instrumentations.map(({ name }) => name).sort();

function filesOf(folder: string, suffix: string): string[] {
  return readdirSync(resolve(import.meta.dirname, '../..', folder))
    .filter((file) => file.endsWith(suffix) && !file.startsWith('index'))
    .map((file) => file.slice(0, -suffix.length))
    .sort();
}

test('every instrumentation has a source file and a test file, and is in the list', () => {
  expect(names).toEqual(filesOf('src/instrumentations', '.ts'));
  expect(names).toEqual(filesOf('test/instrumentations', '.test.ts'));
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { version } from '../src/version.js';

test('the version is that of package.json, and the changelog lists it or has an Unreleased section', () => {
  const read = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8');

  expect(JSON.parse(read('package.json')).version).toBe(version);
  expect(read('CHANGELOG.md')).toMatch(new RegExp(`## \\[(Unreleased|${version})\\]`));
});

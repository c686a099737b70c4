import { expect, test } from 'vitest';
import { satisfies } from '../../src/hooks/version-range.js';

test.each([
  ['1.8.0', true],
  ['1.8.1', true],
  ['1.14.0', true],
  ['1.14.0-pre1', true],
  ['1.7.9', false],
  ['0.9.0', false],
  ['2.0.0', false],
  ['nonsense', false],
])('%s is in ^1.8.0: %s', (version, expected) => {
  expect(satisfies(version, '^1.8.0')).toBe(expected);
});

test.each([
  ['1.9.0', true],
  ['3.0.1', true],
  ['2.9.0', false],
])('%s is in ^1.8.0 || ^3.0.0: %s', (version, expected) => {
  expect(satisfies(version, '^1.8.0 || ^3.0.0')).toBe(expected);
});

import { expect, test } from 'vitest';
import { includesName, matcher } from '../../src/telemetry/include-exclude.js';

test.each([
  ['service.name', 'service.name', true],
  ['service.name', 'service_name', false],
  ['service.*', 'service.name', true],
  ['service.*', 'service.', true],
  ['service.*', 'service', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['*.name', 'service.name', true],
  ['*.name', 'service.names', false],
  ['a*b*c', 'aXbXbXc', true],
  ['a*b*c', 'aXcXb', false],
  ['host.?d', 'host.id', true],
  ['host.?d', 'host.d', false],
  ['?', '', false],
  ['**', 'x', true],
  ['a[bc]', 'ab', false],
])('%s matches %s: %s', (pattern, name, matches) => {
  expect(matcher(pattern)(name)).toBe(matches);
});

test('a hostile pattern takes no longer than the product of the lengths', () => {
  const started = performance.now();
  expect(matcher(`${'*a'.repeat(100)}b`)('a'.repeat(5_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(5_000);
});

test.each([
  [{}, ['a', 'b']],
  [{ included: ['a'] }, ['a']],
  [{ excluded: ['a'] }, ['b']],
  [{ included: ['*'], excluded: ['b'] }, ['a']],
  [{ included: [] }, []],
])('%j keeps %j', (lists, kept) => {
  expect(['a', 'b'].filter(includesName(lists))).toEqual(kept);
});

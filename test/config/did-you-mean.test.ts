import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/config/did-you-mean.js';

const NAMES = ['traces', 'metrics', 'instrumentations', 'log_level', 'http'];

test.each([
  ['trace', 'traces'],
  ['TRACES', 'traces'],
  ['metircs', 'metrics'],
  ['instrumentation', 'instrumentations'],
  ['loglevel', 'log_level'],
  ['htp', 'http'],
  ['htttp', 'http'],
  ['xyz', undefined],
  ['', undefined],
  ['x'.repeat(1e6), undefined],
])('nearest to %.20s is %s', (word, name) => {
  expect(nearest(word, NAMES)).toBe(name);
});

test('of two near ones the nearer is proposed', () => {
  expect(nearest('always_of', ['always_on', 'always_off'])).toBe('always_on');
  expect(nearest('always_off', ['always_on', 'always_off'])).toBe('always_off');
});

test('a didYouMean is a question, or nothing', () => {
  expect(didYouMean('trace', NAMES)).toBe(' (did you mean traces?)');
  expect(didYouMean('xyz', NAMES)).toBe('');
});

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
  ['htpt', 'http'],
  ['phtt', undefined],
  ['xyz', undefined],
  ['', undefined],
])('the name nearest to "%s" is %s', (word, name) => {
  expect(nearest(word, NAMES)).toBe(name);
});

test('no name is near a very long word', () => {
  expect(nearest('x'.repeat(1e6), NAMES)).toBe(undefined);
});

test('of two similar names the nearest is suggested', () => {
  expect(nearest('always_of', ['always_on', 'always_off'])).toBe('always_on');
  expect(nearest('always_off', ['always_on', 'always_off'])).toBe('always_off');
});

test('the suggestion is a question, or empty when no name is similar', () => {
  expect(didYouMean('trace', NAMES)).toBe(' (did you mean traces?)');
  expect(didYouMean('xyz', NAMES)).toBe('');
});

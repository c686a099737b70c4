import { expect, test } from 'vitest';
import { EVENTS, LINES, mediaTypeOf, preferred } from '../../../examples/gateway/src/media-types.ts';

test.each([
  ['application/json', 'application/json'],
  ['Application/JSON; charset=utf-8', 'application/json'],
  [' text/plain ;a=b', 'text/plain'],
  ['', ''],
])('the type of %j is %j', (header, type) => {
  expect(mediaTypeOf(header)).toBe(type);
});

test.each([
  [undefined, LINES],
  ['', LINES],
  ['*/*', LINES],
  ['image/png', LINES],
  [EVENTS, EVENTS],
  [`${EVENTS};q=0`, LINES],
  [`${LINES};q=0.1, ${EVENTS};q=0.2`, EVENTS],
  [`*/*, ${EVENTS}`, EVENTS],
  [`*/*;q=0.1, ${EVENTS};q=0.5`, EVENTS],
  ['text/*', EVENTS],
  ['\u0000;;q=,', LINES],
])('who accepts %j prefers %s', (accept, type) => {
  expect(preferred(accept, [LINES, EVENTS])).toBe(type);
});

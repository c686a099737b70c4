import { expect, test } from 'vitest';
import type { DiagnosticDraft } from '../../../src/config/diagnostic.js';
import { scalar } from '../../../src/config/source/source-node.js';
import { attributes, headers } from '../../../src/config/types/key-values.js';

function read(type: typeof attributes, text: string) {
  const reported: DiagnosticDraft[] = [];
  const value = type.read(scalar('VARIABLE', text), (draft) => reported.push(draft));
  return { value, found: reported.map(({ found }) => found) };
}

test.each([
  ['a=b', { a: 'b' }],
  [' a = b , c=d ', { a: 'b', c: 'd' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=', { a: '' }],
  ['a=%2Cb%3D', { a: ',b=' }],
  ['a=1,a=2', { a: '2' }],
  ['', {}],
])('attributes of %j', (text, value) => {
  expect(read(attributes, text)).toEqual({ value, found: [] });
});

test('an attribute without a key or a value is left out and reported; the others are used', () => {
  expect(read(attributes, 'a=b,c,=d')).toEqual({ value: { a: 'b' }, found: ['"c"', '"=d"'] });
});

test('percent signs that encode nothing are reported', () => {
  expect(read(attributes, 'a=%zz')).toEqual({ value: undefined, found: ['"a=%zz"'] });
});

test('names of headers are in lower case, and a header that cannot be sent is never shown', () => {
  expect(read(headers, 'Authorization=Bearer%20x,bad name=secret,key=line%0Abreak')).toEqual({
    value: { authorization: 'Bearer x' },
    found: ['an invalid header', 'an invalid header'],
  });
});

import { expect, test } from 'vitest';
import { withoutQuotes } from '../../../src/config/source/quotes.js';

test.each([
  ['"a"', 'a'],
  ["'a b'", 'a b'],
  [' "a" ', 'a'],
  ['""', ''],
])('%s becomes %s, with a line', (value, inside) => {
  const places: string[] = [];
  expect(withoutQuotes({ A: value }, ['A'], ({ where }) => places.push(where))).toEqual({ A: inside });
  expect(places).toEqual(['A']);
});

test.each(['a', '"a', '"a="b"', '"a","b"', `"a'`, '"', undefined])('%s stays as it is', (value) => {
  const report = () => expect.fail('nothing should be reported');
  expect(withoutQuotes({ A: value, B: '"b"' }, ['A'], report)).toEqual({ A: value, B: '"b"' });
});

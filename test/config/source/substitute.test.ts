// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
import { expect, test } from 'vitest';
import { substitute } from '../../../src/config/source/substitute.js';

const ENV = { A: 'a', B: 'b', EMPTY: '', TRICKY: '$$ ${A} $&' };

test.each([
  ['plain', 'plain'],
  ['${A}', 'a'],
  ['${env:A}', 'a'],
  ['x ${A} ${B} y', 'x a b y'],
  ['${NONE:-}', ''],
  ['${NONE:-fallback}', 'fallback'],
  ['${EMPTY:-fallback}', 'fallback'],
  ['${constructor:-fallback}', 'fallback'],
  ['${__proto__:-fallback}', 'fallback'],
  ['${A:-fallback}', 'a'],
  ['${NONE:-http://c:4317}', 'http://c:4317'],
  ['${NONE:-x} and ${NONE:-y}', 'x and y'],
  ['${TRICKY}', '$$ ${A} $&'],
  ['$$', '$'],
  ['$${A}', '${A}'],
  ['$$${A}', '$a'],
  ['a $ b', 'a $ b'],
  ['$A', '$A'],
])('%s becomes %s', (text, result) => {
  expect(substitute(text, ENV, () => expect.fail('nothing should be reported'))).toBe(result);
});

test.each([
  ['${A:?error}', '${A...'],
  ['${1A}', '${1A...'],
  ['${A-B}', '${A-B...'],
  ['${}', '${...'],
  ['${file:/etc/passwd}', '${file...'],
  ['Bearer secret ${A B} secret', '${A...'],
])('%s is malformed and makes the whole text empty', (text, reported) => {
  const problems: unknown[] = [];
  expect(substitute(text, ENV, (problem) => problems.push(problem))).toBe('');
  expect(problems).toEqual([{ kind: 'malformed', reference: reported }]);
});

test.each([
  ['http://${HOST}:4317', 'http://:4317', '${HOST}'],
  ['${env:NONE}', '', '${env:NONE}'],
  ['${EMPTY}', '', '${EMPTY}'],
  ['${constructor}', '', '${constructor}'],
])('%s refers to a variable that is not set, which is reported', (text, result, reference) => {
  const problems: unknown[] = [];
  expect(substitute(text, ENV, (problem) => problems.push(problem))).toBe(result);
  expect(problems).toEqual([{ kind: 'unset', reference }]);
});

test('a reference that is not closed is text, and reported without what may be a secret', () => {
  const problems: unknown[] = [];
  expect(substitute('x ${A:-hunter2', ENV, (problem) => problems.push(problem))).toBe('x ${A:-hunter2');
  expect(problems).toEqual([{ kind: 'unclosed', reference: '${A...' }]);
});

import { expect, test } from 'vitest';
import { anyOf, formatDiagnostic, quote, redactedEndpoint } from '../../src/config/diagnostic.js';

test('a problem is exactly one line, with control characters escaped', () => {
  const line = formatDiagnostic({
    severity: 'error',
    where: 'a\nb.yaml:3:5',
    found: quote('x\u001b[31m\n\u2028y\u202e'),
    expected: 'a, b or c',
    now: 'using d',
  });
  expect(line).toBe(
    'a\\u000ab.yaml:3:5: found "x\\u001b[31m\\n\\u2028y\\u202e", expected a, b or c; using d',
  );
});

test('quoted input is truncated and has no credentials', () => {
  expect(quote('http://user:hunter2@c:4317')).toBe('"http://c:4317"');
  expect(quote('http://user:hun/ter?2@c:4317')).toBe('"http://c:4317"');
  expect(quote('@scope/name')).toBe('"@scope/name"');
  expect(quote('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`);
  expect(quote('x'.repeat(1e6))).toBe(`"${'x'.repeat(60)}..."`);
});

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a or b'],
  [['a', 'b', 'c'], 'a, b or c'],
])('%j is listed as "%s"', (words, text) => {
  expect(anyOf(words)).toBe(text);
});

test.each([
  ['http://c:4317', 'http://c:4317'],
  ['http://user:pa@ss@c:4317/x?key=1#y', 'http://c:4317/x'],
  ['http://user:pa/ss@c:4317', 'http://c:4317'],
  ['user:pass@c:4317', 'c:4317'],
  ['http://c:4317/a@b', 'http://c:4317/a@b'],
  ['http://c/a@b', 'http://c/a@b'],
])('%s is printed as %s', (url, shown) => {
  expect(redactedEndpoint(url)).toBe(shown);
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of substitution.
import { expect, test } from 'vitest';
import { excerptsOf } from '../../src/config/excerpt.js';
import { load } from '../support/load-config.js';

/** The excerpts of all diagnostics of this file. */
function excerpts(yaml: string): (string | undefined)[] {
  const { diagnostics, file } = load(yaml);
  const excerpt = excerptsOf(file ?? { name: '', text: '' });
  return diagnostics.map(({ where }) => excerpt(where));
}

function excerpt(text: string, line: number, column: number): string | undefined {
  return excerptsOf({ name: 'a.yaml', text })(`a.yaml:${line}:${column}`);
}

test('an excerpt shows the line of the file, with a caret below the place', () => {
  expect(excerpts('service: {name: shop}\nlog_level: loud # too much\ntraces:\n  sampler: always\n')).toEqual(
    ['2 | log_level: loud # too much\n  |            ^', '4 |   sampler: always\n  |            ^'],
  );
});

test('only a place in this file has an excerpt', () => {
  const of = excerptsOf({ name: 'a.yaml', text: 'x: 1' });
  expect(['OTEL_LOG_LEVEL', 'a.yaml', 'b.yaml:1:1', 'a.yaml:2:1', 'a.yaml:x:1'].map(of)).toEqual(
    Array(5).fill(undefined),
  );
});

test('the caret keeps its place after tabs, wide characters and escaped ones', () => {
  expect(excerpt('\tx: 1', 1, 2)).toBe('1 |  x: 1\n  |  ^');
  expect(excerpt('ü😀: 1', 1, 4)).toBe('1 | ü😀: 1\n  |   ^');
  expect(excerpt('a\u001b[31m: 1', 1, 7)).toBe(`1 | a\\u001b[31m: 1\n  | ${' '.repeat(11)}^`);
});

test('a long line is cut on both sides', () => {
  const line = excerpt(`k: ${'x'.repeat(500)}`, 1, 250)?.split('\n')[0];
  expect(line).toBe(`1 | ...${'x'.repeat(60)}${'x'.repeat(60)}...`);
});

test('a variable is shown as it is written, not its value', () => {
  const { diagnostics, file } = load('log_level: ${LEVEL}\n', { LEVEL: 'hunter2' });
  const [first] = diagnostics;
  expect(excerptsOf(file ?? { name: '', text: '' })(first?.where ?? '')).toBe(
    '1 | log_level: ${LEVEL}\n  |            ^',
  );
});

/** Every place in each of these files. None may show the secret, `hunter2`. */
const SECRETS = {
  'a header': 'headers:\n  authorization: Bearer hunter2\n',
  'a header of any name': 'headers: {x-tenant: hunter2}\n',
  'a header over several lines': 'headers:\n  a:\n    hunter2\n    and hunter2\n  b: >\n    hunter2\n',
  'a list of headers': 'headers:\n  - name: x\n    value: hunter2\n',
  'headers in one string': 'headers_list: "a=hunter2"\n',
  'an anchor that a header refers to': 'x: &x hunter2\nheaders: {a: *x}\n',
  'what follows a header': 'headers: {a: 1} # hunter2\n',
  'a default of a variable': 'api_key: ${KEY:-hunter2}\n',
  'credentials of a URL': 'otlp: http://user:hunter2@c:4317\n',
  'a file that cannot be parsed': 'headers:\n  a: hunter2\nx: [1\n',
  'a header that cannot be parsed': 'headers:\n  - [a: hunter2\n    hunter2\n',
  'a header whose line is broken': 'headers:\n\ta hunter2\n',
};

test.each(Object.entries(SECRETS))('%s is hidden', (_, text) => {
  const places = text
    .split('\n')
    .flatMap((line, row) => Array.from(`${line} `, (_, column) => excerpt(text, row + 1, column + 1) ?? ''));
  expect(places.length).toBeGreaterThan(10);
  for (const place of places) {
    const [line = ''] = place.split('\n');
    for (let length = 'hunter2'.length; length > 2; length -= 1)
      expect(line).not.toContain('hunter2'.slice(0, length));
  }
});

test('the keys of what is hidden stay', () => {
  expect(excerpt('headers:\n  authorization: Bearer hunter2\n  b: 1', 2, 3)).toBe(
    '2 |   authorization: ***\n  |   ^',
  );
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
import { expect, test } from 'vitest';
import { formatDiagnostic, type Report } from '../../../src/config/diagnostic.js';
import type { SourceNode } from '../../../src/config/source/source-node.js';
import { parseYaml } from '../../../src/config/source/yaml.js';

function parse(
  text: string,
  env: Record<string, string> = {},
): { tree: SourceNode | undefined; lines: string[] } {
  const lines: string[] = [];
  const report: Report = (problem) => lines.push(formatDiagnostic(problem));
  const tree = parseYaml(text, 'f.yaml', env, { report, reportUnset: report });
  return { tree, lines };
}

/** The tree as plain data. */
function plain(node: SourceNode | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
}

test('every node of the tree has its position', () => {
  const { tree, lines } = parse('a:\n  - b: "x"\n  -   - 2\nc:\n');
  expect(lines).toEqual([]);
  expect(tree).toEqual({
    kind: 'mapping',
    where: 'f.yaml:1:1',
    entries: [
      {
        key: 'a',
        where: 'f.yaml:1:1',
        value: {
          kind: 'list',
          where: 'f.yaml:2:3',
          items: [
            {
              kind: 'mapping',
              where: 'f.yaml:2:5',
              entries: [
                {
                  key: 'b',
                  where: 'f.yaml:2:5',
                  value: { kind: 'scalar', where: 'f.yaml:2:8', value: 'x', text: 'x' },
                },
              ],
            },
            {
              kind: 'list',
              where: 'f.yaml:3:7',
              items: [{ kind: 'scalar', where: 'f.yaml:3:9', value: 2, text: '2' }],
            },
          ],
        },
      },
      {
        key: 'c',
        where: 'f.yaml:4:1',
        value: { kind: 'scalar', where: 'f.yaml:4:3', value: null, text: '' },
      },
    ],
  });
});

// The table of https://opentelemetry.io/docs/specs/otel/configuration/data-model/#environment-variable-substitution
const SPEC_ENV = {
  STRING_VALUE: 'value',
  BOOL_VALUE: 'true',
  INT_VALUE: '1',
  FLOAT_VALUE: '1.1',
  HEX_VALUE: '0xdeadbeef',
  INVALID_MAP_VALUE: 'value\nkey:value',
  DO_NOT_REPLACE_ME: 'Never use this value',
  REPLACE_ME: '${DO_NOT_REPLACE_ME}',
  VALUE_WITH_ESCAPE: 'value$$',
};

test.each([
  ['key: ${STRING_VALUE}', 'value'],
  ['key: ${BOOL_VALUE}', true],
  ['key: ${INT_VALUE}', 1],
  ['key: ${FLOAT_VALUE}', 1.1],
  ['key: ${HEX_VALUE}', 3735928559],
  ['key: "${STRING_VALUE}"', 'value'],
  ['key: "${BOOL_VALUE}"', 'true'],
  ['key: "${INT_VALUE}"', '1'],
  ['key: "${FLOAT_VALUE}"', '1.1'],
  ['key: "${HEX_VALUE}"', '0xdeadbeef'],
  ['key: ${env:STRING_VALUE}', 'value'],
  ['key: ${INVALID_MAP_VALUE}', 'value\nkey:value'],
  ['key: foo ${STRING_VALUE} ${FLOAT_VALUE}', 'foo value 1.1'],
  ['key: ${UNDEFINED_KEY:-fallback}', 'fallback'],
  ['key: ${REPLACE_ME}', '${DO_NOT_REPLACE_ME}'],
  ['key: ${UNDEFINED_KEY:-${STRING_VALUE}}', '${STRING_VALUE}'],
  ['key: $${STRING_VALUE}', '${STRING_VALUE}'],
  ['key: $$${STRING_VALUE}', '$value'],
  ['key: $$$${STRING_VALUE}', '$${STRING_VALUE}'],
  ['key: $${STRING_VALUE:-fallback}', '${STRING_VALUE:-fallback}'],
  ['key: $${STRING_VALUE:-${STRING_VALUE}}', '${STRING_VALUE:-value}'],
  ['key: ${UNDEFINED_KEY:-$${UNDEFINED_KEY}}', '${UNDEFINED_KEY:-${UNDEFINED_KEY}}'],
  ['key: ${VALUE_WITH_ESCAPE}', 'value$$'],
  ['key: a $$ b', 'a $ b'],
  ['key: a $ b', 'a $ b'],
  ['key: !!str ${INT_VALUE}', '1'],
  ['key: |\n  ${INT_VALUE}\n', '1\n'],
])('%j is read as %j', (text, value) => {
  const { tree, lines } = parse(text, SPEC_ENV);
  expect(lines).toEqual([]);
  expect(plain(tree)).toEqual({ key: value });
});

test('keys are not substituted', () => {
  expect(plain(parse('${STRING_VALUE}: value', SPEC_ENV).tree)).toEqual({ '${STRING_VALUE}': 'value' });
});

test('a variable that is not set stands for nothing, and is reported with its place', () => {
  const { tree, lines } = parse('a:\n  - key: ${UNDEFINED_KEY}\n', SPEC_ENV);
  expect(plain(tree)).toEqual({ a: [{ key: null }] });
  expect(lines).toEqual([
    'f.yaml:2:10: found the unset variable "${UNDEFINED_KEY}", expected a variable that is set, or a default (${NAME:-default}); it stands for nothing',
  ]);
});

test('a malformed reference is reported and leaves the value unset', () => {
  const { tree, lines } = parse('key: ${STRING_VALUE:?error}', SPEC_ENV);
  expect(plain(tree)).toEqual({ key: null });
  expect(lines).toEqual([
    'f.yaml:1:6: found the malformed reference "${STRING_VALUE...", ' +
      'expected ${NAME}, ${env:NAME} or ${NAME:-default} ($$ is a literal $); the value is unset',
  ]);
});

const UNREADABLE = 'expected one valid YAML document; using only the environment and the defaults';

test.each([
  ['a:\n\tb: 1', 'f.yaml:2:1: found a YAML error (Tabs are not allowed as indentation)'],
  ['a: 1\n---\nb: 2', 'f.yaml:2:1: found a YAML error (Source contains multiple documents)'],
  [
    'a: [1',
    'f.yaml:1:6: found a YAML error (Flow sequence in block collection must be sufficiently indented and end with a ])',
  ],
  ['a: b: c', 'f.yaml:1:4: found a YAML error (Nested mappings are not allowed in compact mappings)'],
  ['a: |hunter2\n b', 'f.yaml:1:5: found a YAML error (Block scalar header includes extra characters)'],
  ['a: "\\Uhunter2"', 'f.yaml:1:5: found a YAML error (Invalid escape sequence)'],
  ['a: &a [*a]', 'f.yaml:1:7: found more than 10000 values or 32 levels'],
  ['['.repeat(5000), 'f.yaml:1:'],
])('invalid document %# is reported as exactly one problem', (text, start) => {
  const { tree, lines } = parse(text);
  expect(tree).toBeUndefined();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+$/);
  expect(lines[0]?.slice(0, start.length)).toBe(start);
  expect(lines[0]?.slice(-UNREADABLE.length)).toBe(UNREADABLE);
});

test('aliases that expand exponentially are refused', () => {
  const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n}, `.repeat(9)}]`);
  const { tree, lines } = parse(`l0: &l0 x\n${levels.join('\n')}\n`);
  expect(tree).toBeUndefined();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('found more than 10000 values or 32 levels');
});

test('an alias is replaced by its anchor', () => {
  expect(plain(parse('a: &x {b: 1}\nc: *x').tree)).toEqual({ a: { b: 1 }, c: { b: 1 } });
});

test('an alias stands for the last anchor of its name above it', () => {
  const { tree, lines } = parse(
    'a: &x 1\nb: *x\nc: &x 2\nd: *x\n&x e: *x\nf: {g: &y [*x], h: *y}\ni: *z\nj: &z 1\n',
  );
  expect(plain(tree)).toEqual({ a: 1, b: 1, c: 2, d: 2, e: 'e', f: { g: ['e'], h: ['e'] }, i: null, j: 1 });
  expect(lines).toHaveLength(1);
});

test('many aliases in a file of the largest size are read without delay', () => {
  const begun = performance.now();
  parse(`a: &a 1\nb: [${'*a,'.repeat(9_900)}]\nc: [${'1,'.repeat(45_000)}]\n`);
  expect(performance.now() - begun).toBeLessThan(4_000);
});

test('an error in one place does not affect the rest of the document', () => {
  const { tree, lines } = parse('a: 1\na: 2\n? [b]\n: 3\nc: *nowhere\n__proto__: 4\n');
  expect(lines).toEqual([
    'f.yaml:2:1: found the duplicate key "a", expected each key once; ignored',
    'f.yaml:3:3: found a key that is not a plain name, expected a name; ignored',
    'f.yaml:5:4: found the undefined alias "nowhere", expected the name of an anchor defined above; ignored',
  ]);
  expect(Object.entries(plain(tree) as object)).toEqual([
    ['a', 1],
    ['c', null],
    ['__proto__', 4],
  ]);
});

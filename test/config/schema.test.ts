// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
/** otel-autoconf.schema.json says of a file what a start says of it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BROKEN_FILES } from '../support/broken-files.js';
import { load } from '../support/load-config.js';

const ROOT = resolve(import.meta.dirname, '../..');
const DEFAULT_FILE = readFileSync(join(ROOT, 'otel-autoconf.yaml'), 'utf8');
const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'otel-autoconf.schema.json'), 'utf8'));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false }).compile(SCHEMA);

/** As an editor sees it: a document that can be parsed and that the schema allows. */
function isValid(yaml: string): boolean {
  try {
    return validate(parse(yaml, { logLevel: 'error', uniqueKeys: false }));
  } catch {
    return false;
  }
}

/** What no schema can see: several values at once, the environment, and what is no part of the document. */
const INVISIBLE = new Set([
  'a key twice',
  'a batch that is larger than its queue',
  'a tag that nobody knows',
  'a reference that is not closed',
  'a reference with a space',
  'a reference to a variable that is not set',
]);

test.each(BROKEN_FILES)('a broken file fails: %s', (what, yaml) => {
  expect(isValid(yaml)).toBe(INVISIBLE.has(what));
});

const EXAMPLE = DEFAULT_FILE.replace(/^ {4}- otlp: http.*\n((?: {4}#.*\n)+)/m, (_, lines: string) =>
  lines.replaceAll(/^ {4}# /gm, '    '),
).replace(/^ {2}sampler: .*\n((?: {2}#.*\n)+)/m, (_, lines: string) => lines.replaceAll(/^ {2}# /gm, '  '));

test.each([
  ['otel-autoconf.yaml of the repository', DEFAULT_FILE],
  ['its commented examples', EXAMPLE],
  [
    'the original example',
    'traces: {exporters: [{otlp: http://c:4317}]}\ninstrumentations: [http-client: true, jvm: true]',
  ],
  ['names with commas', 'traces: {exporters: "otlp, console"}\npropagators: baggage,tracecontext'],
  ['one exporter alone', 'traces: {exporters: console}\nmetrics: {exporters: {prometheus: 9464}}'],
  ['none', 'traces: {exporters: none}\nmetrics: {exporters: []}\npropagators: none'],
  ['empty values', 'traces:\n  exporters:\n  sampler:\nservice: {name: }\nlog_level:\ninstrumentations:\n'],
  [
    'references',
    'log_level: ${L:-info}\ntraces: {exporters: [otlp: "${E:-http://c:4317}"], sampler: {ratio: "${R:-0.5}"}}',
  ],
  ['a name that is a number', 'service: {name: 7}'],
  ['numbers in quotes', 'traces: {sampler: {ratio: "0.5"}, queue: {size: "10", batch: 5}}'],
  [
    'switches in every form',
    'instrumentations: {http: false, "@opentelemetry/instrumentation-pg": "false", koa: }',
  ],
  [
    'headers',
    'traces: {exporters: [otlp: {headers: {a: 1, b: "c d"}}]}\nmetrics: {exporters: [otlp: {headers: "a=1,b=2"}]}',
  ],
])('a good file passes: %s', (_, yaml) => {
  expect(load(yaml, { TOKEN: 'x' }).lines).toEqual([]);
  validate(parse(yaml));
  expect(validate.errors ?? []).toEqual([]);
});

test('the file says where its schema is', () => {
  expect(DEFAULT_FILE.split('\n', 1)[0]).toBe(
    '# yaml-language-server: $schema=./node_modules/redhook/otel-autoconf.schema.json',
  );
});

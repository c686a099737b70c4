// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
/** Whatever stands in the file and in the environment: a start neither throws nor hangs, and says what it does not do. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { shortForm } from '../../src/cli/short-form.js';
import { excerptsOf } from '../../src/config/excerpt.js';
import { mayHoldSecret } from '../../src/config/secret-key.js';
import { settings } from '../../src/config/settings.js';
import { USED } from '../../src/config/variables.js';
import { switchable } from '../../src/instrumentations/index.js';
import { type Loaded, load } from '../support/load-config.js';

const ROOT = resolve(import.meta.dirname, '../..');
const DEFAULT_FILE = readFileSync(join(ROOT, 'otel-autoconf.yaml'), 'utf8');
const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'otel-autoconf.schema.json'), 'utf8'));
const allows = new Ajv({ allowUnionTypes: true, strictTypes: false }).compile(SCHEMA);
const DEFAULTS = load().config;
/** In processor time, because other tests run beside this one. */
const LONGEST_MS = 5_000;

/** Keys of the file, and some that no mapping should have. */
const KEYS = [
  ...new Set(settings.flatMap(({ path }) => path?.split(/\.|\[\]\./) ?? [])),
  ...switchable.map(({ name }) => name),
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    '<<',
    'file_format',
    'a.b',
    'OTEL_LOG_LEVEL',
  ],
];
/** Values that some settings take, and some that none does. The schema knows one way to write a number in quotes. */
const SCALARS = [
  ...[null, true, false, 0, 1, -1, 0.5, 512, 9464, 65_536, 1e7, 1e300],
  ...['', ' ', 'none', 'otlp', 'console', 'prometheus', 'debug', 'always_on', 'gzip', 'grpc', 'b3', 'link'],
  ...['http://c:4317', 'c:4317', 'http://', 'http://u:p@c', '//', ':9464', '[::1]:0/x', 'localhost'],
  ...[
    '2s',
    '2h',
    '10%',
    '-5',
    '0x10',
    'NaN',
    'a,b',
    ',',
    'a=b',
    '%',
    '*',
    '&a',
    '!x',
    '\0',
    '\u202e',
    '__proto__',
  ],
  ...['${A}', '${NONE}', '${NONE:-2s}', '${', '${A B}', '$$', '$${A}', 'x'.repeat(10_000)],
];
const ENV = { A: 'http://a:4317' };

type Value = null | boolean | number | string | Value[] | Mapping;
/** In pairs, because an object cannot have every key. */
class Mapping {
  constructor(readonly pairs: readonly (readonly [string, Value])[]) {}
}

/** As YAML in one line, of which JSON is a part. */
function flow(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (value instanceof Mapping)
    return `{${value.pairs.map(([key, each]) => `${JSON.stringify(key)}: ${flow(each)}`).join(', ')}}`;
  return JSON.stringify(value);
}

const scalars = fc.oneof(fc.constantFrom(...SCALARS), fc.string(), fc.double(), fc.integer());
const keys = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...KEYS) },
  { weight: 1, arbitrary: fc.string() },
);
const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    scalars,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map((pairs) => new Mapping(pairs)),
  ),
}));
/** Documents whose top may be right, so that what is below is read. */
const documents = fc
  .array(fc.tuple(fc.constantFrom(...settings.flatMap(({ path }) => path ?? [])), values), { maxLength: 6 })
  .map((given) => new Mapping(given.map(([path, value]) => nest(path.split('.'), value))));

function nest([key = '', ...rest]: string[], value: Value): [string, Value] {
  const inner = rest.length === 0 ? value : new Mapping([nest(rest, value)]);
  return key.endsWith('[]') ? [key.slice(0, -2), [inner]] : [key, inner];
}

const environments = fc.dictionary(
  fc.constantFrom(
    ...[...USED].filter((name) => !name.endsWith('CONFIG_FILE')),
    'OTEL_FOO',
    'OTEL_SERVICE_NAM',
  ),
  fc.oneof(fc.constantFrom(...SCALARS.map(String)), fc.string({ unit: 'binary' })),
  { maxKeys: 5 },
);

/** Characters that mean something in YAML are likely. */
const noise = fc.string({ unit: fc.constantFrom(...' \n\t-:[]{}&*!|>\'"%@#,?~<ab$1'), maxLength: 200 });
const damaged = fc
  .tuple(fc.nat(DEFAULT_FILE.length), fc.nat(200), noise)
  .map(([at, length, inserted]) => DEFAULT_FILE.slice(0, at) + inserted + DEFAULT_FILE.slice(at + length));
/** Aliases that multiply, levels that never end, anchors that nobody needs: as large as a file may be. */
const bombs = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 }))
    .map(([levels, width]) =>
      Array.from({ length: levels }, (_, n) =>
        n === 0 ? 'k0: &a0 [x]' : `k${n}: &a${n} [${Array(width).fill(`*a${n - 1}`)}]`,
      ).join('\n'),
    ),
  fc
    .tuple(fc.constantFrom('[', '{a: ', '- ', '? ', '!!x ', '&a '), fc.integer({ min: 1, max: 40_000 }))
    .map(([opening, times]) => `traces: ${opening.repeat(times)}`.slice(0, 128_000)),
  fc.integer({ min: 1, max: 10_000 }).map((times) => 'log_level: debug\n'.repeat(times).slice(0, 128_000)),
  fc.integer({ min: 1, max: 9_000 }).map((times) => `traces: &a {b: *a}\n${'? *a\n'.repeat(times)}`),
);

/** Loads it, and checks what must hold for any input. */
function checked(text: string, env: Record<string, string> = ENV): Loaded {
  const start = process.threadCpuUsage();
  const loaded = load(text, env);
  const { user, system } = process.threadCpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(LONGEST_MS);
  expect(Object.keys(loaded.config)).toEqual(Object.keys(DEFAULTS));
  for (const line of loaded.lines) expect(line).toMatch(/^(?:error|warn|info) [^\n]+$/);
  const excerpt = excerptsOf({ name: 'otel-autoconf.yaml', text });
  for (const { where } of loaded.diagnostics.slice(0, 20))
    expect(excerpt(where) ?? '').not.toContain('\u202e');
  return loaded;
}

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2_000 }),
  noise,
  damaged,
  values.map(flow),
  documents.map(flow),
);

test('no text and no environment makes a start throw or hang', () => {
  fc.assert(
    fc.property(texts, environments, (text, env) => void checked(text, { ...ENV, ...env })),
    { numRuns: 500 },
  );
}, 120_000);

test('no bomb makes a start throw or hang', () => {
  fc.assert(
    fc.property(bombs, (text) => void checked(text)),
    { numRuns: 50 },
  );
}, 120_000);

test('what the schema does not allow is reported', () => {
  const refused = { count: 0 };
  fc.assert(
    fc.property(documents, (document) => {
      const text = flow(document);
      if (isAllowed(text)) return;
      refused.count += 1;
      expect(checked(text).lines).not.toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  expect(refused.count).toBeGreaterThan(100);
}, 120_000);

/** A file that cannot be parsed is not allowed. */
function isAllowed(text: string): boolean {
  try {
    return allows(parse(text, { logLevel: 'error', uniqueKeys: false }));
  } catch {
    return false;
  }
}

test('what is used is what the command shows, with nothing left out', () => {
  fc.assert(
    fc.property(documents, (document) => {
      const loaded = checked(flow(document));
      const again = load(shortForm(loaded));
      expect(withoutHeaders(again.config)).toEqual(withoutHeaders(loaded.config));
    }),
    { numRuns: 300 },
  );
}, 120_000);

/** Their values are not shown, nor those of secrets, nor the credentials and the query of an endpoint. */
function withoutHeaders(config: unknown): unknown {
  const text = JSON.stringify(config, (key, value) =>
    key === 'headers' || (typeof value === 'string' && mayHoldSecret(key))
      ? undefined
      : value === Infinity
        ? 'Infinity'
        : value,
  );
  return JSON.parse(text.replace(/\/\/[^/"@]*@/g, '//').replace(/\?[^"]*/g, ''));
}

/** Valid values of settings, and where they are in the configuration. */
const VALID = fc.record(
  {
    'traces.sampler.ratio': fc.double({ min: 0, max: 1, noNaN: true }),
    'traces.queue.size': fc.integer({ min: 1, max: 1_000_000 }),
    'traces.queue.delay': fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    'traces.limits.events': fc.nat(),
    'metrics.limits.series': fc.integer({ min: 1, max: 1_000_000 }),
    'service.name': fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
    'trust.incoming': fc.constantFrom('continue', 'link', 'ignore'),
    'exit.signals': fc.boolean(),
    log_level: fc.constantFrom('none', 'error', 'warn', 'info', 'debug'),
  },
  { requiredKeys: [] },
);

test('a valid value is used as it is given', () => {
  fc.assert(
    fc.property(VALID, (given) => {
      const entries = Object.entries(given);
      fc.pre(entries.length > 0);
      const document = new Mapping(merge(entries));
      const { config, lines } = checked(flow(document));
      expect(lines.filter((line) => !line.startsWith('info'))).toEqual([]);
      const { sampler } = config.traces;
      const spans = config.traces.exporters.find((each) => each.type === 'otlp');
      expect({
        'traces.sampler.ratio': sampler.name === 'parentbased' ? undefined : sampler.ratio,
        'traces.queue.size': spans?.queue.maxSize,
        'traces.queue.delay': spans?.queue.delayMs,
        'traces.limits.events': config.traces.limits.eventCount,
        'metrics.limits.series': config.metrics.maxSeries,
        'service.name': config.serviceName,
        'trust.incoming': config.trust.incoming,
        'exit.signals': config.exitSignals,
        log_level: config.logLevel,
      }).toMatchObject(given);
    }),
    { numRuns: 300 },
  );
}, 120_000);

/** Each first key once. */
function merge(entries: readonly [string, Value][]): [string, Value][] {
  const groups = Map.groupBy(entries, ([path]) => path.split('.', 1)[0] ?? path);
  return Array.from(groups, ([key, all]) => {
    const [[path, value] = ['', null]] = all;
    if (path === key) return [key, value];
    return [key, new Mapping(merge(all.map(([each, inner]) => [each.slice(key.length + 1), inner])))];
  });
}

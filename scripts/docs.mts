/**
 * Writes what docs/ repeats from the sources: the settings into configuration.md, the instrumentations with their
 * histograms and labels into metrics.md. With `--check` it writes nothing, and fails when a page is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import type { Setting } from '../src/config/settings.js';
import type { Instrumentation } from '../src/instrumentation.js';
import type { CallConvention } from '../src/semconv/convention.js';

interface Sources {
  settings: readonly Setting<unknown>[];
  instrumentations: readonly Instrumentation[];
  switchable: readonly Pick<Instrumentation, 'name' | 'aliases'>[];
  DURATION_UNIT: string;
  familyName(name: string, unit: string, isCounter: boolean, scheme: 'legacy'): string;
  labelName(key: string, scheme: 'legacy'): string;
  unitWord(unit: string): string;
}

const OTHER_VARIABLES = 'Other variables';

/** Variables that belong to no key of the file. */
const WITHOUT_KEY = new Set(['OTEL_SDK_DISABLED']);

/** An item of a list that has no value of its own. It is on where the list names it, and has no default. */
const LIST_ITEM = /\[\]\.\w+$/;

const { settings, instrumentations, switchable, DURATION_UNIT, familyName, labelName, unitWord } =
  await loadSources();

const PAGES: Record<string, Record<string, () => string>> = {
  'docs/configuration.md': { settings: settingsTables, names: namesTable },
  'docs/metrics.md': { instrumentations: instrumentationsTable, histograms: histogramsTable },
};

const check = process.argv.includes('--check');
for (const [file, parts] of Object.entries(PAGES)) {
  const page = readFileSync(file, 'utf8');
  const fresh = Object.entries(parts).reduce(
    (text, [name, make]) => replacePart(text, name, make(), file),
    page,
  );
  if (fresh === page) continue;
  if (check) {
    console.error(`${file} is stale; npm run docs:write renews it`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, fresh);
  }
}

/** The sources are TypeScript that names its files as JavaScript, so they are bundled before they are imported. */
async function loadSources(): Promise<Sources> {
  const contents = `
    export { settings } from './src/config/settings.js';
    export { instrumentations, switchable } from './src/instrumentations/index.js';
    export { DURATION_UNIT } from './src/semconv/convention.js';
    export { familyName, labelName, unitWord } from './src/telemetry/prometheus/names.js';`;
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: '.' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`);
}

function replacePart(page: string, name: string, text: string, file: string): string {
  const part = new RegExp(`(<!-- ${name} -->\n).*?(<!-- /${name} -->)`, 's');
  if (!part.test(page)) throw new Error(`${file} has no <!-- ${name} --> and <!-- /${name} -->`);
  return page.replace(part, (_, start, end) => `${start}${text}${end}`);
}

/** One table for each top-level key of the file. A variable without a key belongs to the key above it. */
function settingsTables(): string {
  const sections = new Map<string, string[][]>();
  let section = '';
  for (const { path, env = [], type, default: value, doc } of settings) {
    if (path !== undefined) section = code(path.split('.', 1)[0] ?? path);
    else if (env.some((name) => WITHOUT_KEY.has(name))) section = OTHER_VARIABLES;
    const where = [...(path === undefined ? [] : [code(path)]), ...env.map(code)].join('<br>');
    const isSwitch = typeof value === 'boolean' && path !== undefined && LIST_ITEM.test(path);
    const row = [where, doc, type.expected, isSwitch ? '—' : code(type.show(value))];
    sections.set(section, [...(sections.get(section) ?? []), row]);
  }
  return [...sections]
    .map(([heading, rows]) => `### ${heading}\n\n${table(['Setting', 'Meaning', 'Value', 'Default'], rows)}`)
    .join('\n');
}

function namesTable(): string {
  return table(
    ['Name', 'Also switched by'],
    switchable.map(({ name, aliases = [] }) => [code(name), aliases.map(code).join(', ')]),
  );
}

function instrumentationsTable(): string {
  const rows = instrumentations.map(({ name, observes, conventions }) => [
    code(name),
    observes,
    conventions.map((convention) => code(metricName(convention))).join('<br>'),
  ]);
  return table(['Instrumentation', 'Observes', 'Counted in'], rows);
}

function histogramsTable(): string {
  const conventions = new Set(instrumentations.flatMap(({ conventions }) => conventions));
  const rows = Array.from(conventions, (convention) => [
    code(metricName(convention)),
    convention.description,
    convention.labels.map((label) => code(labelName(label, 'legacy'))).join(', '),
  ]);
  return table(['Histogram', 'What it measures', 'Labels besides `service_name`'], rows);
}

function metricName({ histogram }: CallConvention): string {
  return familyName(histogram, unitWord(DURATION_UNIT), false, 'legacy');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('');
}

function code(text: string): string {
  return `\`${text}\``;
}

/**
 * Writes what docs/ repeats from the sources: the settings into configuration.md, the instrumentations with their
 * histograms and labels into metrics.md; and the JSON Schema of the file. With `--check` it writes nothing, and fails when
 * something is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import type { Setting } from '../src/config/settings.js';
import type { Instrumentation } from '../src/instrumentation.js';
import type { CallConvention } from '../src/semconv/convention.js';
import { schemaOf } from './schema.mts';
import { withoutModuleHooks } from './without-module-hooks.mts';

interface ModelNode {
  readonly fields?: Readonly<Record<string, ModelNode>>;
  readonly isList?: boolean;
  readonly unused?: string;
}

interface Sources {
  officialModel(switchable: readonly unknown[]): ModelNode;
  settings: readonly Setting<unknown>[];
  instrumentations: readonly Instrumentation[];
  switchable: readonly Pick<Instrumentation, 'name' | 'aliases' | 'isOptIn'>[];
  DURATION_UNIT: string;
  familyName(
    name: string,
    unit: string,
    isCounter: boolean,
    naming: { scheme: 'legacy'; suffixes: true },
  ): string;
  labelName(key: string, scheme: 'legacy'): string;
  unitWord(unit: string): string;
}

const OTHER_VARIABLES = 'Other variables';

/** Variables that belong to no key of the file. */
const WITHOUT_KEY = new Set(['OTEL_SDK_DISABLED']);

/** An item of a list that has no value of its own. It is on where the list names it, and has no default. */
const LIST_ITEM = /\[\]\.\w+$/;

/**
 * What `startNodeSDK` of @opentelemetry/sdk-node 0.301.0 does not use, as its `create-from-config` shows. It warns of
 * most, is silent about the last two, and starts nothing where a sampler or an exporter is among them.
 */
const NOT_IN_SDK_NODE = new Set([
  'propagator.composite[].xray',
  'resource.detection/development.attributes',
  'resource.detection/development.detectors[].container',
  'propagator.composite[].jaeger',
  'propagator.composite[].ottrace',
  'tracer_provider.processors[].batch.exporter.otlp_file/development',
  'tracer_provider.processors[].simple.exporter.otlp_file/development',
  'tracer_provider.sampler.composite/development',
  'tracer_provider.sampler.jaeger_remote/development',
  'tracer_provider.sampler.probability/development',
  'tracer_provider.tracer_configurator/development',
  'meter_provider.exemplar_filter',
  'meter_provider.meter_configurator/development',
  'meter_provider.readers[].pull.cardinality_limits',
  'meter_provider.readers[].pull.producers[].opencensus',
  'meter_provider.readers[].periodic.producers[].opencensus',
  'meter_provider.readers[].pull.exporter.prometheus/development.without_scope_info',
  'meter_provider.readers[].pull.exporter.prometheus/development.without_target_info/development',
  'meter_provider.readers[].pull.exporter.prometheus/development.with_resource_constant_labels',
  'meter_provider.readers[].pull.exporter.prometheus/development.resource_constant_labels',
  'meter_provider.readers[].pull.exporter.prometheus/development.translation_strategy',
  'meter_provider.readers[].periodic.cardinality_limits',
  'meter_provider.readers[].periodic.max_export_batch_size/development',
  'meter_provider.readers[].periodic.exporter.otlp_file/development',
  'instrumentation/development',
  'distribution',
]);

const {
  settings,
  instrumentations,
  switchable,
  officialModel,
  DURATION_UNIT,
  familyName,
  labelName,
  unitWord,
} = await loadSources();

const PAGES: Record<string, Record<string, () => string>> = {
  'docs/configuration.md': { settings: settingsTables, names: namesTable, model: modelTable },
  'docs/metrics.md': {
    instrumentations: instrumentationsTable,
    histograms: histogramsTable,
    counters: countersTable,
  },
};

const SCHEMA = 'otel-autoconf.schema.json';

const check = process.argv.includes('--check');
for (const [file, parts] of Object.entries(PAGES)) {
  const page = readFileSync(file, 'utf8');
  const fresh = Object.entries(parts).reduce(
    (text, [name, make]) => replacePart(text, name, make(), file),
    page,
  );
  renew(file, page, fresh);
}
renew(
  SCHEMA,
  existsSync(SCHEMA) ? readFileSync(SCHEMA, 'utf8') : '',
  `${JSON.stringify(schemaOf(settings, switchable), undefined, 1)}\n`,
);

function renew(file: string, stale: string, fresh: string): void {
  if (fresh === stale) return;
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
    export { officialModel } from './src/config/official/official-form.js';
    export { instrumentations, switchable } from './src/instrumentations/index.js';
    export { DURATION_UNIT } from './src/semconv/convention.js';
    export { familyName, labelName, unitWord } from './src/telemetry/prometheus/names.js';`;
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: '.' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    alias: withoutModuleHooks,
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
    switchable.map(({ name, aliases = [], isOptIn }) => [
      code(name) + (isOptIn ? ' (off by default)' : ''),
      aliases.map(code).join(', '),
    ]),
  );
}

/** The nodes of the model by their parent, those of one fate in one row. */
function modelTable(): string {
  const rows: string[][] = [];
  const visit = (path: string, parent: ModelNode, isInSdkNode: boolean): void => {
    const children = Object.entries(parent.fields ?? {}).map(([name, node]) => {
      const below = path === '' ? name : `${path}.${name}`;
      return { name, node, below, isInSdkNode: isInSdkNode && !NOT_IN_SDK_NODE.has(below) };
    });
    const fates = Object.groupBy(children, ({ node, isInSdkNode }) => {
      const ours = node.unused === undefined ? 'yes' : `no: ${node.unused}`;
      return `${ours}|${isInSdkNode ? 'yes' : 'no'}`;
    });
    for (const [fate, nodes = []] of Object.entries(fates))
      rows.push([code(path || '(top)'), nodes.map(({ name }) => code(name)).join(', '), ...fate.split('|')]);
    for (const { node, below, isInSdkNode } of children)
      visit(node.isList ? `${below}[]` : below, node, isInSdkNode);
  };
  visit('', officialModel(switchable), true);
  return table(['In', 'Nodes', 'Redhook', 'sdk-node 0.301'], rows);
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

function countersTable(): string {
  const counting = instrumentations.flatMap(({ conventions }) => conventions);
  const counters = new Map(
    counting.flatMap(({ counters = [] }) => counters.map((each) => [each.name, each])),
  );
  const rows = Array.from(counters.values(), ({ name, description, unit }) => [
    code(`${familyName(name, unitWord(unit), true, { scheme: 'legacy', suffixes: true })}_total`),
    description,
  ]);
  return table(['Counter', 'What it counts'], rows);
}

function metricName({ histogram }: CallConvention): string {
  return familyName(histogram, unitWord(DURATION_UNIT), false, { scheme: 'legacy', suffixes: true });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('');
}

function code(text: string): string {
  return `\`${text}\``;
}

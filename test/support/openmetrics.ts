/**
 * A strict reader of OpenMetrics 1.0.0 text. It throws an error with the line for everything that the specification
 * forbids and that Redhook could get wrong.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export interface MetricFamily {
  name: string;
  type: string;
  help: string | undefined;
  unit: string | undefined;
  samples: OpenMetricsSample[];
}

export interface OpenMetricsSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar: Exemplar | undefined;
}

interface Exemplar {
  labels: Record<string, string>;
  value: number;
  timestamp: number;
}

const SUFFIXES: Record<string, string[]> = {
  unknown: [''],
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  info: ['_info'],
};

const NAME = `[a-zA-Z_:][a-zA-Z0-9_:]*`;
const TEXT = String.raw`"(?:[^"\\\n]|\\[\\n"])*"`;
const LABEL = `(?:[a-zA-Z_][a-zA-Z0-9_]*|${TEXT})=${TEXT}`;
const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf|NaN)`;
const COMMENT = new RegExp(`^# (HELP|TYPE|UNIT) (${NAME}|${TEXT}) (.*)$`);
const SAMPLE = new RegExp(
  `^(${NAME}(?=[{ ]))?(?:\\{(?:(${TEXT})(?:,|(?=\\})))?((?:${LABEL}(?:,${LABEL})*)?)\\})? (${NUMBER})` +
    `(?: # \\{(${LABEL}(?:,${LABEL})*)\\} (${NUMBER}) (\\d+(?:\\.\\d+)?))?$`,
);

export function parseOpenMetrics(page: string): MetricFamily[] {
  if (!/(?:^|\n)# EOF\n$/.test(page)) throw new Error('does not end with # EOF');
  const families = new Map<string, MetricFamily>();
  let current: MetricFamily | undefined;
  const body = page.slice(0, -'# EOF\n'.length).trimEnd();
  const lines = body === '' ? [] : body.split('\n');

  for (const [index, line] of lines.entries()) {
    const fail = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const [, keyword, rawName = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (keyword !== undefined) {
      const name = unquoted(rawName);
      if (current?.name !== name) {
        if (families.has(name)) fail('the family is not in one piece');
        current = { name, type: 'untyped', help: undefined, unit: undefined, samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0) fail('a comment after samples');
      describe(current, keyword, rest, fail);
      continue;
    }
    if (current === undefined) throw new Error(`a sample before any family: ${line}`);
    current.samples.push(readSample(line, current, fail));
  }

  checkNames([...families.values()]);
  for (const family of families.values()) {
    checkUnique(family);
    if (family.type === 'histogram') checkHistogram(family);
  }
  return [...families.values()];
}

type Fail = (why: string) => never;

function describe(family: MetricFamily, keyword: string, rest: string, fail: Fail): void {
  if (keyword === 'TYPE') {
    if (family.type !== 'untyped') fail('a second TYPE');
    if (!(rest in SUFFIXES)) fail('an unknown type');
    family.type = rest;
  } else if (keyword === 'UNIT') {
    if (family.unit !== undefined) fail('a second UNIT');
    if (rest === '' || !family.name.endsWith(`_${rest}`)) fail('the name does not end with the unit');
    family.unit = rest;
  } else {
    if (family.help !== undefined) fail('a second HELP');
    if (!/^(?:[^\\"]|\\[\\n"])*$/.test(rest)) fail('HELP is not escaped');
    family.help = rest;
  }
}

function readSample(line: string, family: MetricFamily, fail: Fail): OpenMetricsSample {
  const match = SAMPLE.exec(line);
  if (match === null) return fail('not a sample');
  const [, plain, quotedName, labels = '', value = '', exemplar, exemplarValue, timestamp] = match;
  if ((plain === undefined) === (quotedName === undefined)) fail('expected exactly one name');
  const name = plain ?? unquoted(quotedName ?? '');
  const suffixes = SUFFIXES[family.type] ?? fail('a sample without TYPE');
  if (!suffixes.some((suffix) => name === family.name + suffix)) fail(`not a sample of ${family.name}`);
  const sample: OpenMetricsSample = {
    name,
    labels: readLabels(labels, fail),
    value: number(value),
    exemplar: undefined,
  };
  if (family.type === 'counter' && !(sample.value >= 0)) fail('a counter below zero');
  if (exemplar !== undefined) {
    if (!/_(bucket|total)$/.test(name)) fail('an exemplar is not allowed here');
    const read = readLabels(exemplar, fail);
    const length = [...Object.entries(read).flat().join('')].length;
    if (length > 128) fail('an exemplar that is too long');
    sample.exemplar = { labels: read, value: number(exemplarValue ?? ''), timestamp: Number(timestamp) };
  }
  return sample;
}

function readLabels(text: string, fail: Fail): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [pair] of text.matchAll(new RegExp(LABEL, 'g'))) {
    const [, name = '', value = ''] = /^(.*?)=("(?:[^"\\]|\\.)*")$/.exec(pair) ?? [];
    const key = unquoted(name);
    if (key in labels) fail(`duplicate label ${key}`);
    labels[key] = unquoted(value);
  }
  return labels;
}

function checkNames(families: MetricFamily[]): void {
  const taken = new Set<string>();
  for (const { name, type } of families) {
    for (const each of new Set([name, ...(SUFFIXES[type] ?? []).map((suffix) => name + suffix)])) {
      if (taken.has(each)) throw new Error(`two families use the name ${each}`);
      taken.add(each);
    }
  }
}

function checkUnique({ samples }: MetricFamily): void {
  const seen = new Set<string>();
  for (const { name, labels } of samples) {
    const key = JSON.stringify([name, ...Object.entries(labels).sort()]);
    if (seen.has(key)) throw new Error(`duplicate series: ${key}`);
    seen.add(key);
  }
}

function checkHistogram({ name, samples }: MetricFamily): void {
  const groups = Map.groupBy(samples, ({ labels: { le, ...others } }) =>
    JSON.stringify(Object.entries(others).sort()),
  );
  for (const [labels, group] of groups) {
    const fail: Fail = (why) => {
      throw new Error(`${name}${labels}: ${why}`);
    };
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const count = group.find((sample) => sample.name === `${name}_count`) ?? fail('no count');
    if (group.length !== buckets.length + 2) fail('not one count and one sum');
    let [lower, below] = [Number.NEGATIVE_INFINITY, 0];
    for (const { labels: bucketLabels, value, exemplar } of buckets) {
      const le = bucketLabels['le'] ?? fail('a bucket without le');
      if (!/[.e]|Inf/.test(le)) fail(`le ${le} is not a float`);
      const upper = number(le);
      if (!(upper > lower)) fail(`le ${le} is out of order`);
      if (value < below) fail(`bucket ${le} is less than the one before`);
      if (exemplar !== undefined && !(exemplar.value > lower && exemplar.value <= upper))
        fail(`the exemplar of bucket ${le} is outside it`);
      [lower, below] = [upper, value];
    }
    if (lower !== Number.POSITIVE_INFINITY) fail('no +Inf bucket');
    if (below !== count.value) fail('the +Inf bucket is not the count');
  }
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
}

function number(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

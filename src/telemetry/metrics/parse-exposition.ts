import { type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { log } from '../../log.js';
import { turn } from '../turn.js';
import { StartTimes } from './start-times.js';

type Labels = Record<string, string>;
type FamilyType = 'counter' | 'gauge' | 'histogram';

interface Sample {
  readonly name: string;
  /** Without `le`, the bound of a bucket. */
  readonly labels: Labels;
  readonly le: string | undefined;
  /** The same for the same labels. */
  readonly key: string;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly points: DataPoint<number>[];
  /** The histograms, by their labels. */
  readonly series: Map<string, HistogramSeries>;
}

interface HistogramSeries {
  readonly labels: Labels;
  readonly buckets: { readonly bound: number; readonly value: number }[];
  sum: number | undefined;
  count: number | undefined;
}

/** What a page costs is proportional to its samples: about 2 µs for each. */
const MAX_SAMPLES = 50_000;
const MAX_LINE_LENGTH = 64 * 1024;
/** How many characters, or histograms, are read before the application gets its turn. */
const SLICE_LENGTH = 64 * 1024;
const SLICE_HISTOGRAMS = 500;

const COMMENT = /^# (HELP|TYPE) (\S+) ?(.*)$/;
const NAME = /([A-Za-z_:][\w:]*)/y;
const LABEL = /([A-Za-z_]\w*)="([^"\\]*(?:\\.[^"\\]*)*)",?/y;
const VALUE = / +([+-]?(?:Inf|NaN|[\d.]+(?:e[+-]?\d+)?))(?:\s|$)/iy;
const SUFFIX = /_(bucket|sum|count)$/;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

/**
 * Reads the counters, gauges and histograms of a page in text format 0.0.4, in slices. Skips other types, unreadable
 * lines, and histograms whose buckets do not add up, which no backend takes. Never throws.
 *
 * @param starts what is known of the series of this page from earlier readings.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export async function parseExposition(
  page: string,
  now: number,
  starts = new StartTimes(),
): Promise<MetricData[]> {
  const time = millisToHrTime(now);
  const families = new Map<string, Family>();
  const helps = new Map<string, string>();
  let samples = 0;
  let latest: Family | undefined;
  let sliceEnd = SLICE_LENGTH;
  for (let start = 0, end = 0; start < page.length; start = end + 1) {
    if (start > sliceEnd) {
      await turn();
      sliceEnd = start + SLICE_LENGTH;
    }
    end = page.indexOf('\n', start);
    if (end === -1) end = page.length;
    if (end - start > MAX_LINE_LENGTH) continue;
    const line = page.slice(start, end);
    if (line.startsWith('#')) {
      readComment(line, families, helps);
      continue;
    }
    const sample = sampleOf(line);
    if (sample === undefined) continue;
    samples += 1;
    if (samples > MAX_SAMPLES) {
      log.warn(
        `metrics: a page of another exporter in this process has more than ${MAX_SAMPLES} samples; the rest is left out`,
      );
      // The last histogram may not be whole.
      if (latest?.type === 'histogram') families.delete(latest.name);
      break;
    }
    const family = familyOf(sample, families);
    if (family === undefined) continue;
    latest = family;
    add(family, sample, time, starts);
  }
  const metrics: MetricData[] = [];
  for (const family of families.values()) {
    if (family.points.length === 0 && family.series.size === 0) continue;
    const metric = await metricOf(family, helps, time, starts);
    if (metric.dataPoints.length > 0) metrics.push(metric);
  }
  starts.endPage();
  return metrics;
}

function readComment(line: string, families: Map<string, Family>, helps: Map<string, string>): void {
  const [, kind, name = '', rest = ''] = COMMENT.exec(line) ?? [];
  if (kind === 'HELP') helps.set(name, rest);
  else if (kind === 'TYPE' && isKnownType(rest) && !families.has(name))
    families.set(name, { name, type: rest, points: [], series: new Map() });
}

function isKnownType(type: string): type is FamilyType {
  return type === 'counter' || type === 'gauge' || type === 'histogram';
}

function sampleOf(line: string): Sample | undefined {
  NAME.lastIndex = 0;
  const [, name] = NAME.exec(line) ?? [];
  if (name === undefined) return undefined;
  let at = name.length;
  const labels: Labels = {};
  let le: string | undefined;
  let key = '';
  if (line[at] === '{') {
    at += 1;
    while (line[at] !== '}') {
      LABEL.lastIndex = at;
      const [found, label, text] = LABEL.exec(line) ?? [];
      if (found === undefined) return undefined;
      if (label === 'le') {
        le = text;
      } else {
        labels[label as string] = unescaped(text as string);
        key += `${label}="${text}"`;
      }
      at += found.length;
    }
    at += 1;
  }
  VALUE.lastIndex = at;
  const [, value] = VALUE.exec(line) ?? [];
  return value === undefined ? undefined : { name, labels, le, key, value: numberOf(value) };
}

function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(.)/g, (_, escaped: string) => ESCAPED[escaped] ?? escaped)
    : text;
}

function numberOf(text: string): number {
  if (!/inf$/i.test(text)) return Number(text);
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** The family of a sample, if it is one that is read. */
function familyOf({ name }: Sample, families: ReadonlyMap<string, Family>): Family | undefined {
  const exact = families.get(name);
  if (exact !== undefined) return exact.type === 'histogram' ? undefined : exact;
  const family = families.get(name.replace(SUFFIX, ''));
  return family?.type === 'histogram' ? family : undefined;
}

function add(family: Family, sample: Sample, time: HrTime, starts: StartTimes): void {
  const { labels, key, value } = sample;
  if (family.type === 'histogram') {
    addPart(family.series, sample);
  } else if (family.type === 'gauge') {
    family.points.push({ startTime: time, endTime: time, attributes: labels, value });
  } else if (Number.isFinite(value) && value >= 0) {
    const startTime = starts.of(family.name + key, value, time);
    family.points.push({ startTime, endTime: time, attributes: labels, value });
  }
}

function addPart(series: Family['series'], { name, labels, le, key, value }: Sample): void {
  let known = series.get(key);
  if (known === undefined) {
    known = { labels, buckets: [], sum: undefined, count: undefined };
    series.set(key, known);
  }
  if (name.endsWith('_sum')) known.sum = value;
  else if (name.endsWith('_count')) known.count = value;
  else if (le !== undefined) known.buckets.push({ bound: numberOf(le), value });
}

async function metricOf(
  { name, type, points, series }: Family,
  helps: ReadonlyMap<string, string>,
  time: HrTime,
  starts: StartTimes,
): Promise<MetricData> {
  const common = {
    descriptor: {
      // A counter ends in `_total` on the page. The suffix is not part of its OpenTelemetry name.
      name: type === 'counter' ? name.replace(/_total$/, '') : name,
      description: helps.get(name) ?? '',
      unit: '',
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (type === 'counter')
    return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points };
  if (type === 'gauge') return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: points };
  const dataPoints: DataPoint<Histogram>[] = [];
  let read = 0;
  for (const [key, each] of series) {
    read += 1;
    if (read % SLICE_HISTOGRAMS === 0) await turn();
    const value = histogramOf(each);
    if (value === undefined) continue;
    const startTime = starts.of(name + key, value.count, time);
    dataPoints.push({ startTime, endTime: time, attributes: each.labels, value });
  }
  return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
}

/** The buckets of the page are cumulative, those of the SDK are not. */
function histogramOf({ buckets, sum, count }: HistogramSeries): Histogram | undefined {
  const sorted = buckets.sort((a, b) => a.bound - b.bound);
  const finite = sorted.filter(({ bound }) => bound !== Number.POSITIVE_INFINITY);
  const total = sorted.length > finite.length ? sorted.at(-1)?.value : count;
  if (total === undefined) return undefined;
  const counts: number[] = [];
  let below = 0;
  let lastBound = Number.NEGATIVE_INFINITY;
  for (const { bound, value } of [...finite, { bound: Number.POSITIVE_INFINITY, value: total }]) {
    // Negated, so that it is true of NaN too.
    if (!(bound > lastBound) || !(value >= below) || !Number.isSafeInteger(value)) return undefined;
    counts.push(value - below);
    below = value;
    lastBound = bound;
  }
  return {
    buckets: { boundaries: finite.map(({ bound }) => bound), counts },
    count: total,
    ...(sum !== undefined && Number.isFinite(sum) && { sum }),
  };
}

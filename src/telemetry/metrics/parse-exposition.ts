import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const COMMENT = /^# (HELP|TYPE) (\S+) ?(.*)$/;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

/**
 * Reads the counters, gauges and histograms of a page in text format 0.0.4. Skips other types and unreadable lines.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseExposition(page: string, now: number): MetricData[] {
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const samples = new Map<string, Sample[]>();
  for (const line of page.split('\n')) {
    const [, kind, name = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (kind === 'TYPE') types.set(name, rest);
    else if (kind === 'HELP') helps.set(name, rest);
    const sample = sampleOf(line);
    if (sample === undefined) continue;
    const family = types.has(sample.name) ? sample.name : sample.name.replace(/_(?:bucket|sum|count)$/, '');
    samples.set(family, [...(samples.get(family) ?? []), sample]);
  }
  const endTime = millisToHrTime(now);
  return [...samples].flatMap(([name, family]) => {
    const metric = metricOf(types.get(name), family, endTime);
    const description = helps.get(name) ?? '';
    const descriptor = {
      name: plainName(name, types.get(name)),
      description,
      unit: '',
      valueType: ValueType.DOUBLE,
    };
    return metric === undefined
      ? []
      : [{ descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE, ...metric } as MetricData];
  });
}

/** A counter ends in `_total` on the page. The suffix is not part of its OpenTelemetry name. */
function plainName(name: string, type: string | undefined): string {
  return type === 'counter' ? name.replace(/_total$/, '') : name;
}

function sampleOf(line: string): Sample | undefined {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) return undefined;
  return {
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [
        label,
        text.replace(/\\(.)/g, (_, escaped: string) => ESCAPED[escaped] ?? escaped),
      ]),
    ),
    value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
  };
}

function metricOf(type: string | undefined, samples: readonly Sample[], endTime: HrTime): object | undefined {
  const point = (attributes: Attributes, value: unknown) => ({
    startTime: endTime,
    endTime,
    attributes,
    value,
  });
  switch (type) {
    case 'counter':
    case 'gauge':
      return {
        dataPointType: type === 'counter' ? DataPointType.SUM : DataPointType.GAUGE,
        ...(type === 'counter' && { isMonotonic: true }),
        dataPoints: samples.map(({ labels, value }) => point(labels, value)),
      };
    case 'histogram':
      return {
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: seriesOf(samples).map(({ labels, parts }) => point(labels, histogramOf(parts))),
      };
    default:
      return undefined;
  }
}

interface HistogramSeries {
  readonly labels: Record<string, string>;
  readonly parts: Sample[];
}

function seriesOf(samples: readonly Sample[]): HistogramSeries[] {
  const series = new Map<string, HistogramSeries>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    const known = series.get(key) ?? { labels, parts: [] };
    series.set(key, known);
    known.parts.push(sample);
  }
  return [...series.values()];
}

/** The buckets of the page are cumulative, those of the SDK are not. */
function histogramOf(parts: readonly Sample[]) {
  const partOf = (suffix: string): number => parts.find(({ name }) => name.endsWith(suffix))?.value ?? 0;
  const buckets = parts
    .filter(({ name }) => name.endsWith('_bucket'))
    .map(({ labels, value }) => ({ bound: labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value }))
    .sort((a, b) => a.bound - b.bound);
  return {
    buckets: {
      boundaries: buckets.map(({ bound }) => bound).filter((bound) => bound !== Infinity),
      counts: buckets.map(({ value }, i) => value - (buckets[i - 1]?.value ?? 0)),
    },
    sum: partOf('_sum'),
    count: partOf('_count'),
  };
}

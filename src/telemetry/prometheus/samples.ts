import type { Histogram } from '@opentelemetry/sdk-metrics';
import type { Exemplar } from '../metrics/series.js';
import type { Family } from './families.js';
import { quoted } from './labels.js';
import { isLegacy } from './names.js';
import type { Format } from './negotiate.js';
import type { PageSeries } from './page-series.js';

type Writer = (series: PageSeries) => string;

/** Decides once per family how its series are written. */
export function writerOf({ name, type, suffixes }: Family, format: Format): Writer {
  if (type === 'histogram') return histogramWriter(name, format);
  const write = sampleWriter(type === 'counter' && suffixes ? `${name}_total` : name);
  return ({ labels, value }) => `${write(labels)}} ${numberText(value as number)}\n`;
}

/** Writes a sample up to the end of its labels. A name outside the legacy scheme goes inside the braces, in quotes. */
export function sampleWriter(name: string): (labels: string) => string {
  if (isLegacy(name)) return (labels) => `${name}{${labels}`;
  const first = quoted(name);
  return (labels) => (labels === '' ? `{${first}` : `{${first},${labels}`);
}

function histogramWriter(name: string, { openMetrics }: Format): Writer {
  const bucketOf = sampleWriter(`${name}_bucket`);
  const sumOf = sampleWriter(`${name}_sum`);
  const countOf = sampleWriter(`${name}_count`);
  let boundaries: readonly number[] = [];
  let bounds: string[] = [];

  return ({ labels, value, exemplars }) => {
    const { buckets, count, sum } = value as Histogram;
    if (buckets.boundaries !== boundaries) {
      boundaries = buckets.boundaries;
      bounds = boundsOf(boundaries, openMetrics);
    }
    const start = bucketOf(labels === '' ? 'le="' : `${labels},le="`);
    const exemplarOf = openMetrics ? exemplarReader(exemplars) : noExemplar;
    let text = '';
    let cumulative = 0;
    for (const [bucket, bound] of bounds.entries()) {
      cumulative += buckets.counts[bucket] ?? 0;
      text += `${start}${bound}"} ${cumulative}${exemplarOf(bucket)}\n`;
    }
    text += `${start}+Inf"} ${count}${exemplarOf(bounds.length)}\n`;
    if (sum !== undefined) text += `${sumOf(labels)}} ${numberText(sum)}\n`;
    return `${text}${countOf(labels)}} ${count}\n`;
  };
}

/** All upper bounds except the last one, which is always `+Inf`. OpenMetrics requires floats: `1.0`. */
function boundsOf(boundaries: readonly number[], openMetrics: boolean): string[] {
  return boundaries
    .filter((bound) => bound !== Number.POSITIVE_INFINITY)
    .map((bound) => (openMetrics && /^-?\d+$/.test(`${bound}`) ? `${bound}.0` : numberText(bound)));
}

/** Returns the text after the count of a bucket: its exemplar or nothing. Call it for the buckets in order. */
function exemplarReader(exemplars: readonly Exemplar[]): (bucket: number) => string {
  let next = 0;
  return (bucket) => {
    const exemplar = exemplars[next];
    if (exemplar?.bucket !== bucket) return '';
    next += 1;
    const { traceId, spanId, value, timestamp } = exemplar;
    return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${(timestamp / 1000).toFixed(3)}`;
  };
}

function noExemplar(): string {
  return '';
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : `${value}`;
}

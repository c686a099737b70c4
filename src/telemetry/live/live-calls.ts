import { DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { CallDataPoint } from '../metrics/series.js';
import { SCOPE } from '../scope.js';

/** Calls of one kind, operation and route, whatever came of them. Totals since the process has counted. */
export interface LiveCalls {
  /** The histogram that counts them: `http.server.request.duration`. */
  readonly histogram: string;
  readonly name: string;
  readonly count: number;
  readonly failed: number;
  /** Seconds. */
  readonly sum: number;
  /** Upper bounds in seconds, and the count in each bucket. The last one has no bound. */
  readonly boundaries: readonly number[];
  readonly buckets: readonly number[];
}

/** A total of Redhook's own health, such as that of the dropped spans. */
export interface LiveTotal {
  readonly name: string;
  readonly value: number;
}

/** What is no part of a call's name: its outcome, and what most calls share. */
const NOT_NAMING =
  /^(?:error\.type|.*status_code|url\.scheme|network\..*|rpc\.system.*|otel\.metric\.overflow|temporal\.status)$/;

/** The calls that have been counted, those of the same name together, and the totals of Redhook's own health. */
export function liveCalls({ scopeMetrics }: ResourceMetrics): { calls: LiveCalls[]; totals: LiveTotal[] } {
  const own = scopeMetrics.filter(({ scope }) => scope === SCOPE).flatMap(({ metrics }) => metrics);
  const calls = new Map<string, LiveCalls>();
  const totals: LiveTotal[] = [];
  for (const { descriptor, dataPointType, dataPoints } of own) {
    if (dataPointType === DataPointType.HISTOGRAM) {
      for (const point of dataPoints as CallDataPoint[]) {
        const name = nameOf(point);
        const key = `${descriptor.name} ${name}`;
        const known = calls.get(key);
        calls.set(key, add(known ?? nothing(descriptor.name, name, point), point));
      }
    } else if (dataPointType === DataPointType.SUM && descriptor.name.startsWith('redhook.')) {
      const value = dataPoints.reduce((sum, point) => sum + Number(point.value), 0);
      totals.push({ name: descriptor.name, value });
    }
  }
  return { calls: [...calls.values()], totals };
}

function nameOf({ attributes }: CallDataPoint): string {
  if (attributes['otel.metric.overflow']) return '(all beyond the limit)';
  const { 'server.address': address, 'server.port': port, ...others } = attributes;
  const named = Object.entries(others).filter(([key, value]) => !NOT_NAMING.test(key) && value !== undefined);
  const peer = address === undefined ? [] : [port === undefined ? `${address}` : `${address}:${port}`];
  return [...named.map(([, value]) => String(value)), ...peer].join(' ');
}

function nothing(histogram: string, name: string, { value }: CallDataPoint): LiveCalls {
  const { boundaries, counts } = value.buckets;
  return { histogram, name, count: 0, failed: 0, sum: 0, boundaries, buckets: counts.map(() => 0) };
}

function add(calls: LiveCalls, { attributes, value }: CallDataPoint): LiveCalls {
  const isFailed = attributes['error.type'] !== undefined;
  return {
    ...calls,
    count: calls.count + value.count,
    failed: calls.failed + (isFailed ? value.count : 0),
    sum: calls.sum + (value.sum ?? 0),
    buckets: calls.buckets.map((count, i) => count + (value.buckets.counts[i] ?? 0)),
  };
}

import { closeSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import type { Attributes } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type MetricData,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Exemplar } from '../metrics/series.js';
import { SCOPE } from '../scope.js';
import { exemplarsOf } from './merge.js';

const TOKEN_LENGTH = 32;

/** What a process has measured at one moment, apart from the numbers of its calls, which are in its `CallFile`. */
export interface Snapshot {
  readonly scopeMetrics: readonly ScopeMetrics[];
  readonly exemplars: readonly SeriesExemplars[];
}

export interface SeriesExemplars {
  readonly histogram: string;
  readonly attributes: Attributes;
  readonly exemplars: readonly Exemplar[];
}

/** Takes the calls out of what was collected. Only their exemplars stay. */
export function snapshotOf(scopes: readonly ScopeMetrics[]): Snapshot {
  const exemplars: SeriesExemplars[] = [];
  const scopeMetrics = scopes.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.filter((metric) => {
      if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) return false;
      if (!isOfCalls(metric)) return true;
      for (const point of metric.dataPoints) {
        const found = exemplarsOf(point);
        if (found.length === 0) continue;
        exemplars.push({ histogram: metric.descriptor.name, attributes: point.attributes, exemplars: found });
      }
      return false;
    }),
  }));
  return { scopeMetrics, exemplars };
}

function isOfCalls({ dataPoints }: MetricData): boolean {
  return dataPoints.some((point) => 'exemplars' in point);
}

/** Replaces the file in one step, so that nobody reads half of it. `token` is the request that it answers. */
export function writeSnapshot(path: string, token: number, value: object): void {
  const draft = `${path}.new`;
  writeFileSync(draft, `${token}\n${encode(value)}`, { mode: 0o600 });
  renameSync(draft, path);
}

/** The request that a snapshot answers. There is none to wait for where there is no snapshot. */
export function tokenOf(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const start = Buffer.alloc(TOKEN_LENGTH);
  readSync(fd, start, 0, TOKEN_LENGTH, 0);
  closeSync(fd);
  return Number.parseFloat(start.toString('latin1'));
}

export function readSnapshot(path: string): Snapshot {
  const text = readFileSync(path, 'utf8');
  return decode<Snapshot>(text.slice(text.indexOf('\n') + 1));
}

/** JSON has no infinite numbers, and a gauge may have one. */
export function encode(value: object): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'number' && !Number.isFinite(each) ? { number: String(each) } : each,
  );
}

export function decode<T extends Pick<Snapshot, 'scopeMetrics'>>(json: string): T {
  const value = JSON.parse(json) as T;
  for (const { metrics } of value.scopeMetrics) {
    for (const point of metrics.flatMap(({ dataPoints }) => dataPoints as DataPoint<unknown>[])) {
      const { number } = (point.value ?? {}) as { number?: string };
      if (number !== undefined) Object.assign(point, { value: Number(number) });
    }
  }
  // The scope of Redhook is known by its identity.
  const scopeMetrics = value.scopeMetrics.map(({ scope, metrics }) => ({
    scope: scope.name === SCOPE.name ? SCOPE : scope,
    metrics,
  }));
  return { ...value, scopeMetrics };
}

import type { InstrumentationScope } from '@opentelemetry/core';
import {
  DataPointType,
  type GaugeMetricData,
  type HistogramMetricData,
  type MetricData,
  type ScopeMetrics,
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import { log } from '../../log.js';
import { SCOPE } from '../scope.js';
import { familyName, type Naming, unitWord } from './names.js';

/** All metrics that share a name on the page, from any scope. */
export interface Family {
  /** Without the `_total` of counters. */
  readonly name: string;
  /** Whether counters end in `_total`. */
  readonly suffixes: boolean;
  readonly type: FamilyType;
  /** The unit that the name ends with, or empty. */
  unit: string;
  help: string;
  readonly members: Member[];
}

export type FamilyType = 'counter' | 'gauge' | 'histogram';

export interface Member {
  readonly scope: InstrumentationScope;
  readonly metric: SumMetricData | GaugeMetricData | HistogramMetricData;
}

const TARGET: Family = { name: 'target', suffixes: true, type: 'gauge', unit: '', help: '', members: [] };

/**
 * Groups metrics by their name on the page, sorted by name. The first metric takes a name, and Redhook's own come
 * before the application's. A metric that cannot share the name is left out with a warning, because scrapers refuse a
 * whole page if one name has two types.
 */
export function familiesOf(scopes: readonly ScopeMetrics[], naming: Naming): Family[] {
  // A family occupies its own name and the names of its samples.
  const occupied = new Map<string, Family>([
    ['target', TARGET],
    ['target_info', TARGET],
  ]);
  const families: Family[] = [];
  for (const { scope, metrics } of ownFirst(scopes)) {
    for (const metric of metrics) {
      const candidate = toFamily(metric, scope, naming);
      if (candidate === undefined) continue;
      const known = occupied.get(candidate.name);
      if (known !== undefined && known.name === candidate.name && known.type === candidate.type) {
        join(known, candidate);
        continue;
      }
      const names = namesOf(candidate);
      const rival = names.map((name) => occupied.get(name)).find(Boolean);
      if (rival === undefined) {
        for (const name of names) occupied.set(name, candidate);
        families.push(candidate);
      } else {
        log.warn(
          `metrics: ${candidate.type} ${metric.descriptor.name} (${candidate.name}) needs a name that ${rival.type} ` +
            `${rival.name} already has, expected different names; it is not on /metrics`,
        );
      }
    }
  }
  return families.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function ownFirst(scopes: readonly ScopeMetrics[]): readonly ScopeMetrics[] {
  return scopes.toSorted((a, b) => Number(b.scope === SCOPE) - Number(a.scope === SCOPE));
}

function toFamily(metric: MetricData, scope: InstrumentationScope, naming: Naming): Family | undefined {
  const { name: otelName, description, unit: ucum } = metric.descriptor;
  if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) {
    log.warn(
      `metrics: ${otelName} is an exponential histogram, which the text formats cannot carry, ` +
        'expected explicit buckets; it is not on /metrics',
    );
    return undefined;
  }
  const type = typeOf(metric);
  const unit = unitWord(ucum);
  const name = familyName(otelName, unit, type === 'counter', naming);
  return {
    name,
    suffixes: naming.suffixes,
    type,
    unit: naming.suffixes && name.endsWith(`_${unit}`) ? unit : '',
    help: description,
    members: [{ scope, metric }],
  };
}

function typeOf(metric: Member['metric']): FamilyType {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram';
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? 'counter' : 'gauge';
}

function namesOf({ name, type, suffixes }: Family): string[] {
  if (type === 'counter' && suffixes) return [name, `${name}_total`];
  if (type === 'histogram') return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
  return [name];
}

/** Keeps the first HELP and UNIT. A different text is worth a warning, because it may describe a different metric. */
function join(family: Family, { help, unit, members }: Family): void {
  family.help = firstOf('HELP', family.name, family.help, help);
  family.unit = firstOf('UNIT', family.name, family.unit, unit);
  family.members.push(...members);
}

function firstOf(comment: string, name: string, first: string, other: string): string {
  if (first !== '' && other !== '' && first !== other) {
    log.warn(
      `metrics: ${name} has two different texts for ${comment}, "${first}" and "${other}"; the first is kept`,
    );
  }
  return first || other;
}

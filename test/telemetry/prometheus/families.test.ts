import { ValueType } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log } from '../../../src/log.js';
import { familiesOf } from '../../../src/telemetry/prometheus/families.js';
import { SCOPE } from '../../../src/telemetry/scope.js';

const APP = { name: 'app' };
const LEGACY = { scheme: 'legacy', suffixes: true } as const;
const UTF8 = { scheme: 'utf8', suffixes: true } as const;
const OTHER = { name: 'other' };

let warnings: string[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(log, 'warn').mockImplementation((message) => void warnings.push(message));
});
afterEach(() => vi.restoreAllMocks());

interface Spec {
  type?: keyof typeof SHAPES;
  unit?: string;
  description?: string;
}

const SHAPES = {
  counter: { dataPointType: DataPointType.SUM, isMonotonic: true },
  upDownCounter: { dataPointType: DataPointType.SUM, isMonotonic: false },
  gauge: { dataPointType: DataPointType.GAUGE },
  histogram: { dataPointType: DataPointType.HISTOGRAM },
  exponential: { dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM },
} as const;

function metric(name: string, { type = 'gauge', unit = '', description = '' }: Spec = {}): MetricData {
  return {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: [],
    ...SHAPES[type],
  } as MetricData;
}

function scoped(scope: InstrumentationScope, ...metrics: MetricData[]): ScopeMetrics {
  return { scope, metrics };
}

/** The name and the type of each family, in order. */
function namesOf(scopes: ScopeMetrics[]): string[] {
  return familiesOf(scopes, LEGACY).map(({ name, type }) => `${type} ${name}`);
}

test('families are sorted by name, and a sum that is not monotonic is a gauge', () => {
  const metrics = [
    metric('z', { type: 'upDownCounter' }),
    metric('m.total', { type: 'counter' }),
    metric('wait', { type: 'histogram', unit: 's' }),
    metric('a'),
  ];

  expect(namesOf([scoped(APP, ...metrics)])).toEqual([
    'gauge a',
    'counter m',
    'histogram wait_seconds',
    'gauge z',
  ]);
  expect(warnings).toEqual([]);
});

test('metrics with the same name and type form one family, whatever their scope', () => {
  const [first, second] = [metric('queue.size'), metric('queue_size')];

  expect(familiesOf([scoped(APP, first), scoped(OTHER, second)], LEGACY)).toEqual([
    {
      name: 'queue_size',
      suffixes: true,
      type: 'gauge',
      unit: '',
      help: '',
      members: [
        { scope: APP, metric: first },
        { scope: OTHER, metric: second },
      ],
    },
  ]);
  expect(warnings).toEqual([]);
});

test('names that differ only in their dots are separate families in the UTF-8 scheme', () => {
  const scopes = [scoped(APP, metric('queue.size'), metric('queue_size'))];

  expect(familiesOf(scopes, UTF8).map(({ name }) => name)).toEqual(['queue.size', 'queue_size']);
});

test('the unit is that of the name, and missing texts are filled in from later members', () => {
  const [family] = familiesOf(
    [
      scoped(APP, metric('size.bytes')),
      scoped(OTHER, metric('size', { unit: 'By', description: 'The size.' })),
    ],
    LEGACY,
  );

  expect(family).toMatchObject({ name: 'size_bytes', unit: 'bytes', help: 'The size.' });
  expect(warnings).toEqual([]);
});

test('the first of two different HELP texts is kept, with a warning', () => {
  const [first, second] = [metric('a', { description: 'first' }), metric('a', { description: 'second' })];

  expect(familiesOf([scoped(APP, first), scoped(OTHER, second)], LEGACY)).toMatchObject([{ help: 'first' }]);
  expect(warnings).toEqual([
    'metrics: a has two different texts for HELP, "first" and "second"; the first is kept',
  ]);
});

test('a metric whose name has another type is left out, with a warning', () => {
  const scopes = [scoped(APP, metric('jobs', { type: 'counter' })), scoped(OTHER, metric('jobs'))];

  expect(namesOf(scopes)).toEqual(['counter jobs']);
  expect(warnings).toEqual([
    'metrics: gauge jobs (jobs) needs a name that counter jobs already has, expected different names; it is not on /metrics',
  ]);
});

test.each([
  ['a sample of a histogram', metric('h', { type: 'histogram' }), metric('h.count'), 'histogram h'],
  ['a sample of a counter', metric('c', { type: 'counter' }), metric('c_total'), 'counter c'],
  ['a family, by its sample', metric('c_total'), metric('c', { type: 'counter' }), 'gauge c_total'],
])('a metric cannot take the name of %s', (_, first, second, kept) => {
  expect(namesOf([scoped(APP, first, second)])).toEqual([kept]);
  expect(warnings).toHaveLength(1);
});

test('the names of target_info cannot be taken', () => {
  expect(namesOf([scoped(APP, metric('target.info'), metric('target', { type: 'counter' }))])).toEqual([]);
  expect(warnings).toHaveLength(2);
});

test('our own metrics take their names before those of the application', () => {
  const scopes = [scoped(APP, metric('calls')), scoped(SCOPE, metric('calls', { type: 'counter' }))];

  expect(familiesOf(scopes, LEGACY)).toMatchObject([{ type: 'counter', members: [{ scope: SCOPE }] }]);
  expect(warnings).toEqual([expect.stringContaining('gauge calls')]);
});

test('an application scope with our name does not count as our own', () => {
  const scopes = [scoped(APP, metric('calls')), scoped({ ...SCOPE }, metric('calls', { type: 'counter' }))];

  expect(namesOf(scopes)).toEqual(['gauge calls']);
});

test('exponential histograms are left out with a warning and take no name', () => {
  const scopes = [scoped(APP, metric('wait', { type: 'exponential' }), metric('wait'))];

  expect(namesOf(scopes)).toEqual(['gauge wait']);
  expect(warnings).toEqual([
    'metrics: wait is an exponential histogram, which the text formats cannot carry, ' +
      'expected explicit buckets; it is not on /metrics',
  ]);
});

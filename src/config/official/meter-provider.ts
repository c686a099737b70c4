import type {
  CardinalityLimits,
  InstrumentType,
  OtlpMetricExporter,
  PageConfig,
  PrometheusExporter,
  Translation,
  ViewAggregation,
  ViewConfig,
} from '../config.js';
import { METRICS_PATH } from '../types/listen-address.js';
import {
  component,
  flag,
  integer,
  list,
  map,
  mapping,
  type NodeType,
  string,
  unused,
  value,
  word,
} from './node-type.js';
import { metricExporters, milliseconds, timeout } from './otlp.js';
import { includeExclude } from './resource.js';

const MAX_SERIES = 1_000_000;
const series = integer(1, MAX_SERIES);

const INSTRUMENTS: readonly InstrumentType[] = [
  'counter',
  'gauge',
  'histogram',
  'observable_counter',
  'observable_gauge',
  'observable_up_down_counter',
  'up_down_counter',
];

const cardinalityLimits: NodeType<CardinalityLimits> = mapping({
  default: series,
  counter: series,
  gauge: series,
  histogram: series,
  observable_counter: series,
  observable_gauge: series,
  observable_up_down_counter: series,
  up_down_counter: series,
});

const producers = list(component({ opencensus: unused('OpenCensus has ended') }));

const TRANSLATIONS = {
  underscore_escaping_with_suffixes: 'underscore_escaping_with_suffixes',
  'underscore_escaping_without_suffixes/development': 'underscore_escaping_without_suffixes',
  'no_utf8_escaping_with_suffixes/development': 'no_utf8_escaping_with_suffixes',
  'no_translation/development': 'no_translation',
} as const satisfies Record<string, Translation>;

const translation = map(
  word(Object.keys(TRANSLATIONS) as (keyof typeof TRANSLATIONS)[]),
  (name): Translation => TRANSLATIONS[name],
);

const not = map(flag, (on) => !on);

/** The names of 1.0 and those of 1.1. */
const prometheus = map(
  mapping({
    host: string,
    port: integer(0, 65_535),
    scope_info_enabled: flag,
    without_scope_info: not,
    'target_info_enabled/development': flag,
    'without_target_info/development': not,
    resource_constant_labels: includeExclude,
    with_resource_constant_labels: includeExclude,
    translation_strategy: translation,
  }),
  (given): PrometheusExporter => {
    const page: PageConfig = {
      resourceLabels: given.resource_constant_labels ??
        given.with_resource_constant_labels ?? { included: [] },
      scopeLabels: given.scope_info_enabled ?? given.without_scope_info ?? true,
      targetInfo:
        given['target_info_enabled/development'] ?? given['without_target_info/development'] ?? true,
      translation: given.translation_strategy ?? 'underscore_escaping_with_suffixes',
    };
    const { host = 'localhost', port = 9_464 } = given;
    return { type: 'prometheus', host: ANY_HOST.has(host) ? '' : host, port, path: METRICS_PATH, page };
  },
);

/** All interfaces. Redhook listens on those of IPv4 where there are none of IPv6. */
const ANY_HOST = new Set(['::', '[::]']);

const pull = map(
  mapping(
    {
      exporter: component({ 'prometheus/development': prometheus }),
      producers,
      cardinality_limits: cardinalityLimits,
    },
    ['exporter'],
  ),
  ({ exporter: { value: exporter }, cardinality_limits: limits }): PrometheusExporter => ({
    ...exporter,
    ...(limits !== undefined && { cardinalityLimits: limits }),
  }),
);

const periodic = map(
  mapping(
    {
      interval: milliseconds,
      timeout,
      exporter: component({
        ...metricExporters,
        console: unused('metrics are not printed; the page of the prometheus exporter shows them'),
        'otlp_file/development': unused('Redhook writes no files'),
      }),
      producers,
      cardinality_limits: cardinalityLimits,
      'max_export_batch_size/development': unused(
        'it is in development; one export has at most 2,000 points',
      ),
    },
    ['exporter'],
  ),
  (given): OtlpMetricExporter => ({
    ...given.exporter.value,
    intervalMs: Math.max(1, given.interval ?? 60_000),
    timeoutMs: Math.min(given.exporter.value.timeoutMs, given.timeout ?? 30_000),
    ...(given.cardinality_limits !== undefined && { cardinalityLimits: given.cardinality_limits }),
  }),
);

const boundaries = list(value('a number', (given) => (typeof given === 'number' ? given : undefined)));

const aggregation: NodeType<ViewAggregation> = map(
  component({
    default: mapping({}),
    drop: mapping({}),
    sum: mapping({}),
    last_value: mapping({}),
    explicit_bucket_histogram: mapping({ boundaries, record_min_max: flag }),
    base2_exponential_bucket_histogram: mapping({
      max_scale: unused('the SDK chooses the scale by the values'),
      max_size: integer(2),
      record_min_max: flag,
    }),
  }),
  ({ name, value }): ViewAggregation => ({ type: name, ...value }) as ViewAggregation,
);

const view = map(
  mapping(
    {
      selector: mapping({
        instrument_name: string,
        instrument_type: word(INSTRUMENTS),
        unit: string,
        meter_name: string,
        meter_version: string,
        meter_schema_url: string,
      }),
      stream: mapping({
        name: string,
        description: string,
        aggregation,
        aggregation_cardinality_limit: series,
        attribute_keys: includeExclude,
      }),
    },
    ['selector', 'stream'],
  ),
  ({ selector, stream }): ViewConfig => ({ selector, stream }),
);

export const meterProvider = mapping(
  {
    readers: map(list(component({ pull, periodic })), (readers) => readers.map(({ value }) => value)),
    views: list(view),
    exemplar_filter: word(['trace_based', 'always_on', 'always_off']),
    'meter_configurator/development': unused('it is in development'),
  },
  ['readers'],
);

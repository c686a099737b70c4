import type {
  ConsoleExporter,
  OtlpExporter,
  OtlpSpanExporter,
  QueueConfig,
  SamplerConfig,
  SpanLimitsConfig,
} from '../config.js';
import {
  component,
  decimal,
  integer,
  list,
  map,
  mapping,
  type NodeType,
  recursive,
  reportProblem,
  unused,
} from './node-type.js';
import { milliseconds, spanExporters, timeout } from './otlp.js';

/** More spans than a process has memory for. */
const MAX_SIZE = 1_000_000;

const exporter = component({
  ...spanExporters,
  console: map(mapping({}), (): ConsoleExporter => ({ type: 'console' })),
  'otlp_file/development': unused('Redhook writes no files'),
});

const batch = map(
  mapping(
    {
      schedule_delay: milliseconds,
      export_timeout: timeout,
      max_queue_size: integer(1, MAX_SIZE),
      max_export_batch_size: integer(1, MAX_SIZE),
      exporter,
    },
    ['exporter'],
  ),
  (given, node, report) => {
    const { schedule_delay: delayMs = 5_000, max_queue_size: maxSize = 2_048 } = given;
    const { max_export_batch_size: size = Math.min(512, maxSize), export_timeout = 30_000 } = given;
    if (size > maxSize) {
      const expected = `at most ${maxSize}, the size of the queue`;
      reportProblem(node.where, `batches of ${size}`, expected, `using ${maxSize}`, report);
    }
    return queued(
      given.exporter.value,
      { maxSize, maxBatch: Math.min(size, maxSize), delayMs },
      export_timeout,
    );
  },
);

/** Spans are exported as they end: those that end in one turn together. */
const simple = map(mapping({ exporter }, ['exporter']), ({ exporter: { value } }) =>
  queued(value, { maxSize: 2_048, maxBatch: 512, delayMs: 0 }),
);

function queued(
  exporter: OtlpExporter | ConsoleExporter,
  queue: QueueConfig,
  timeoutMs = Number.POSITIVE_INFINITY,
): OtlpSpanExporter | ConsoleExporter {
  if (exporter.type === 'console') return exporter;
  return { ...exporter, timeoutMs: Math.min(exporter.timeoutMs, timeoutMs), queue };
}

const ALWAYS_ON: SamplerConfig = { name: 'always_on', ratio: 1 };
const ALWAYS_OFF: SamplerConfig = { name: 'always_off', ratio: 1 };

const parentBased = map(
  mapping({
    root: recursive(() => sampler),
    remote_parent_sampled: recursive(() => sampler),
    remote_parent_not_sampled: recursive(() => sampler),
    local_parent_sampled: recursive(() => sampler),
    local_parent_not_sampled: recursive(() => sampler),
  }),
  (given): SamplerConfig => ({
    name: 'parentbased',
    root: given.root ?? ALWAYS_ON,
    remoteParentSampled: given.remote_parent_sampled ?? ALWAYS_ON,
    remoteParentNotSampled: given.remote_parent_not_sampled ?? ALWAYS_OFF,
    localParentSampled: given.local_parent_sampled ?? ALWAYS_ON,
    localParentNotSampled: given.local_parent_not_sampled ?? ALWAYS_OFF,
  }),
);

const ratioBased = map(
  mapping({ ratio: decimal(0, 1) }),
  ({ ratio = 1 }): SamplerConfig => ({ name: 'traceidratio', ratio }),
);

const sampler: NodeType<SamplerConfig> = map(
  component({
    always_on: map(mapping({}), () => ALWAYS_ON),
    always_off: map(mapping({}), () => ALWAYS_OFF),
    parent_based: parentBased,
    trace_id_ratio_based: ratioBased,
    'composite/development': unused('it is in development'),
    'jaeger_remote/development': unused('Redhook asks no service about sampling'),
    'probability/development': unused('it is in development; use trace_id_ratio_based'),
  }),
  ({ value }) => value,
);

const count = integer(0);

/** Limits that apply unless those of a signal do. */
export const attributeLimits = mapping({ attribute_value_length_limit: count, attribute_count_limit: count });

const limits = map(
  mapping({
    attribute_value_length_limit: count,
    attribute_count_limit: count,
    event_count_limit: count,
    link_count_limit: count,
    event_attribute_count_limit: count,
    link_attribute_count_limit: count,
  }),
  (given): Partial<SpanLimitsConfig> =>
    withoutUndefined({
      attributeValueLength: given.attribute_value_length_limit,
      attributeCount: given.attribute_count_limit,
      eventCount: given.event_count_limit,
      linkCount: given.link_count_limit,
      eventAttributeCount: given.event_attribute_count_limit,
      linkAttributeCount: given.link_attribute_count_limit,
    }),
);

export const tracerProvider = mapping(
  {
    processors: map(list(component({ batch, simple })), (processors) => processors.map(({ value }) => value)),
    limits,
    sampler,
    id_generator: component({ random: mapping({}) }),
    'tracer_configurator/development': unused('it is in development'),
  },
  ['processors'],
);

/** Without a sampler in the file. */
export const DEFAULT_SAMPLER: SamplerConfig = { name: 'parentbased_always_on', ratio: 1 };

function withoutUndefined<T extends object>(
  values: { readonly [K in keyof T]: T[K] | undefined },
): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

import type { ConfigurationModel } from '@opentelemetry/configuration';
import { stringify } from 'yaml';
import type {
  Config,
  ConsoleExporter,
  IncludeExclude,
  OtlpExporter,
  OtlpMetricExporter,
  OtlpSpanExporter,
  PrometheusExporter,
  ResourceValue,
  SamplerConfig,
} from '../config/config.js';
import { redactedEndpoint } from '../config/diagnostic.js';
import { version } from '../version.js';

/** What every exporter over OTLP has, whatever it sends. */
type OtlpNode = NonNullable<
  NonNullable<NonNullable<ConfigurationModel['tracer_provider']>['processors'][number]['batch']>['exporter']
>;
type Sampler = NonNullable<NonNullable<ConfigurationModel['tracer_provider']>['sampler']>;
type Processor = NonNullable<ConfigurationModel['tracer_provider']>['processors'][number];
type ResourceAttribute = NonNullable<NonNullable<ConfigurationModel['resource']>['attributes']>[number];
type Reader = NonNullable<ConfigurationModel['meter_provider']>['readers'][number];

/**
 * The equivalent file in the declarative configuration of OpenTelemetry. What only Redhook has is below
 * `distribution.redhook`. Each header is a reference to a variable, so that no secret is printed.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/data-model/
 */
export function officialForm(config: Config): string {
  const comment = `# Made by redhook ${version} from its effective configuration.\n`;
  return comment + stringify(officialModel(config), { lineWidth: 0, nullStr: '' }).trimEnd();
}

function officialModel(config: Config): ConfigurationModel {
  const { traces, metrics, capturedHeaders: headers, knownMethods } = config;
  return {
    file_format: '1.1',
    disabled: !config.enabled,
    log_level: config.logLevel === 'none' ? 'fatal' : config.logLevel,
    resource: {
      attributes: Object.entries({ 'service.name': config.serviceName, ...config.resourceAttributes }).map(
        ([name, value]) => attribute(name, value),
      ),
      'detection/development': {
        attributes: includeExclude(config.resourceDetection.attributes),
        // The model has no detector of the operating system.
        ...list(
          'detectors',
          config.resourceDetection.detectors
            .filter((name) => name !== 'os')
            .map((name) => ({ [name]: null })),
        ),
      },
    },
    propagator: list(
      'composite',
      config.propagators.map((name) => ({ [name]: null })),
    ),
    ...(traces.exporters.length > 0 && {
      tracer_provider: {
        processors: traces.exporters.map((exporter) => processor(exporter)),
        limits: {
          ...limit('attribute_count_limit', traces.limits.attributeCount),
          ...limit('attribute_value_length_limit', traces.limits.attributeValueLength),
          ...limit('event_count_limit', traces.limits.eventCount),
          ...limit('link_count_limit', traces.limits.linkCount),
          ...limit('event_attribute_count_limit', traces.limits.eventAttributeCount),
          ...limit('link_attribute_count_limit', traces.limits.linkAttributeCount),
        },
        sampler: sampler(traces.sampler),
      },
    }),
    ...(metrics.exporters.length > 0 && {
      meter_provider: {
        readers: metrics.exporters.map((exporter) => reader(exporter)),
        exemplar_filter: metrics.exemplars,
      },
    }),
    'instrumentation/development': {
      general: {
        http: {
          client: {
            ...list('request_captured_headers', headers.clientRequest),
            ...list('response_captured_headers', headers.clientResponse),
            ...list('known_methods', knownMethods),
          },
          server: {
            ...list('request_captured_headers', headers.serverRequest),
            ...list('response_captured_headers', headers.serverResponse),
            ...list('known_methods', knownMethods),
          },
        },
      },
      js: Object.fromEntries(
        Object.entries(config.instrumentations).map(([name, enabled]) => [name, { enabled }]),
      ),
    },
    distribution: { redhook: own(config) },
  };
}

/** What has no node of its own in the model, by the names of the short form. */
function own({
  trust,
  traces,
  metrics,
  propagateDeadlines,
  visibility,
  exitTimeoutMs,
  exitSignals,
  workerThreads,
  reload,
}: Config) {
  const { rules, keep } = traces;
  return {
    ...((rules.length > 0 || keep !== undefined) && {
      traces: {
        ...list(
          'rules',
          rules.map((rule) => ({ ...rule })),
        ),
        ...(keep && {
          keep: {
            errors: keep.errors,
            ...(keep.slowerThanMs < Infinity && { slower_than: `${keep.slowerThanMs}ms` }),
            spans: keep.spans,
            spans_per_trace: keep.spansPerTrace,
          },
        }),
      },
    }),
    trust: { incoming: trust.incoming, outgoing: [...trust.outgoing] },
    metrics: {
      ...(metrics.livePage !== undefined && { page: metrics.livePage }),
      ...(metrics.discovery !== undefined && { discovery: metrics.discovery }),
      limits: { routes: metrics.maxRoutes, series: metrics.maxSeries },
    },
    worker_threads: workerThreads,
    reload,
    grpc: { propagate_deadlines: propagateDeadlines },
    temporal: { visibility },
    exit: { timeout: `${exitTimeoutMs}ms`, signals: exitSignals },
  };
}

function processor(exporter: OtlpSpanExporter | ConsoleExporter): Processor {
  if (exporter.type === 'console') return { simple: { exporter: { console: null } } };
  const { queue } = exporter;
  return {
    batch: {
      schedule_delay: queue.delayMs,
      export_timeout: exporter.timeoutMs,
      max_queue_size: queue.maxSize,
      max_export_batch_size: queue.maxBatch,
      exporter: otlp(exporter),
    },
  };
}

function reader(exporter: PrometheusExporter | OtlpMetricExporter): Reader {
  if (exporter.type === 'otlp') {
    return {
      periodic: {
        interval: exporter.intervalMs,
        timeout: exporter.timeoutMs,
        exporter: pushed(exporter),
      },
    };
  }
  const page = {
    host: exporter.host || '::',
    port: exporter.port,
    scope_info_enabled: exporter.page.scopeLabels,
    'target_info_enabled/development': exporter.page.targetInfo,
    resource_constant_labels: includeExclude(exporter.page.resourceLabels),
    translation_strategy: TRANSLATIONS[exporter.page.translation],
  };
  return { pull: { exporter: { 'prometheus/development': page } } };
}

const TRANSLATIONS = {
  underscore_escaping_with_suffixes: 'underscore_escaping_with_suffixes',
  underscore_escaping_without_suffixes: 'underscore_escaping_without_suffixes/development',
  no_utf8_escaping_with_suffixes: 'no_utf8_escaping_with_suffixes/development',
  no_translation: 'no_translation/development',
} as const;

/** An exporter of metrics, with what its receiver wants of them. */
function pushed(exporter: OtlpMetricExporter) {
  const { otlp_grpc, otlp_http } = otlp(exporter);
  const wishes = {
    temporality_preference: exporter.temporality,
    default_histogram_aggregation: exporter.histogramAggregation,
  };
  return otlp_grpc ? { otlp_grpc: { ...otlp_grpc, ...wishes } } : { otlp_http: { ...otlp_http, ...wishes } };
}

function includeExclude({ included, excluded = [] }: IncludeExclude) {
  return { ...(included && list('included', included)), ...list('excluded', excluded) };
}

/** A value beside its type; a string needs none. */
function attribute(name: string, value: ResourceValue): ResourceAttribute {
  const items = Array.isArray(value) ? value : [value];
  const type = `${typeOf(items[0])}${Array.isArray(value) ? '_array' : ''}`;
  const written = items.map((item) => (typeof item === 'string' ? literal(item) : item));
  const shown = Array.isArray(value) ? written : written[0];
  return { name, value: shown, ...(type !== 'string' && { type }) } as ResourceAttribute;
}

function typeOf(item: unknown): string {
  if (typeof item === 'boolean') return 'bool';
  if (typeof item === 'number') return Number.isInteger(item) ? 'int' : 'double';
  return 'string';
}

function otlp(exporter: OtlpExporter): OtlpNode {
  const { certificate, clientKey, clientCertificate } = exporter;
  const node = {
    endpoint: literal(redactedEndpoint(exporter.endpoint)),
    ...list(
      'headers',
      Object.keys(exporter.headers).map((name) => ({ name, value: referenceFor(name) })),
    ),
    compression: exporter.compression,
    timeout: exporter.timeoutMs,
    ...((certificate ?? clientKey ?? clientCertificate) !== undefined && {
      tls: {
        ...(certificate !== undefined && { ca_file: literal(certificate) }),
        ...(clientKey !== undefined && { key_file: literal(clientKey) }),
        ...(clientCertificate !== undefined && { cert_file: literal(clientCertificate) }),
      },
    }),
  };
  return exporter.protocol === 'grpc' ? { otlp_grpc: node } : { otlp_http: node };
}

function sampler(config: SamplerConfig): Sampler {
  if (config.name === 'parentbased')
    return {
      parent_based: {
        root: sampler(config.root),
        remote_parent_sampled: sampler(config.remoteParentSampled),
        remote_parent_not_sampled: sampler(config.remoteParentNotSampled),
        local_parent_sampled: sampler(config.localParentSampled),
        local_parent_not_sampled: sampler(config.localParentNotSampled),
      },
    };
  const { name, ratio } = config;
  const root: Sampler = name.endsWith('traceidratio')
    ? { trace_id_ratio_based: { ratio } }
    : name.endsWith('always_off')
      ? { always_off: null }
      : { always_on: null };
  return name.startsWith('parentbased_') ? { parent_based: { root } } : root;
}

/** An absent limit is the default of the model, so one that is none has to be written. */
function limit(name: string, value: number): Record<string, number> {
  return { [name]: value === Infinity ? 2 ** 31 - 1 : value };
}

/** The model allows no empty lists. */
function list<K extends string, T>(name: K, values: readonly T[]): Partial<Record<K, T[]>> {
  return values.length === 0 ? {} : ({ [name]: [...values] } as Record<K, T[]>);
}

/** A `$` in a file of this form begins a reference. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** `api-key` is in `${API_KEY}`. */
function referenceFor(header: string): string {
  return `\${${header.toUpperCase().replaceAll(/\W/g, '_')}}`;
}

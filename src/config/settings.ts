import type { Switchable } from '../instrumentation.js';
import { KNOWN_METHODS } from '../semconv/http-methods.js';
import type { LogLevel, OtlpExporter, Propagator, SamplerName, Signal } from './config.js';
import { endpoint } from './types/endpoint.js';
import { exporterList } from './types/exporter-list.js';
import { attributes, headers } from './types/key-values.js';
import { hostName, listenAddress, METRICS_PATH, portNumber } from './types/listen-address.js';
import { switches } from './types/switches.js';
import {
  boolean,
  choice,
  count,
  duration,
  limit,
  listOf,
  methodName,
  pemFile,
  ratio,
  text,
  type ValueType,
} from './types/value.js';

/**
 * One setting. The parser, the values' types, the names proposed for a misspelt one and the table of the README all
 * come from these rows; a new setting is a new row, and the line of `build.ts` that uses it.
 */
export interface Setting<T> {
  /** Where it stands in the short form; `[]` marks an item of a list. Absent: only in the environment. */
  readonly path?: string;
  /** Its value may stand in place of the mapping that it belongs to: `sampler: always_on`. */
  readonly shorthand?: true;
  /** Environment variables, the strongest first. */
  readonly env?: readonly string[];
  readonly type: ValueType<T>;
  readonly default: NoInfer<T>;
  readonly doc: string;
}

type Protocol = OtlpExporter['protocol'];

const TRACE_EXPORTERS = ['otlp', 'console'] as const;
const METRIC_EXPORTERS = ['prometheus', 'otlp'] as const;

export const traces = {
  exporters: row({
    path: 'traces.exporters',
    env: ['OTEL_TRACES_EXPORTER'],
    type: exporterList(TRACE_EXPORTERS),
    default: [{ name: 'otlp' }],
    doc: 'Where spans go.',
  }),
  otlp: otlp('traces', ['OTEL_BSP_EXPORT_TIMEOUT']),
  console: row({
    path: 'traces.exporters[].console',
    type: boolean,
    default: true,
    doc: 'Prints each finished trace as a tree.',
  }),
  sampler: row({
    path: 'traces.sampler.name',
    shorthand: true,
    env: ['OTEL_TRACES_SAMPLER'],
    type: choice<SamplerName>([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ]),
    default: 'parentbased_always_on',
    doc: 'Which traces are recorded. RED metrics count every call all the same.',
  }),
  ratio: row({
    path: 'traces.sampler.ratio',
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    type: ratio,
    default: 1,
    doc: 'The part of the traces that the `traceidratio` samplers record.',
  }),
  queueSize: row({
    path: 'traces.queue.size',
    env: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    type: count({ min: 1 }),
    default: 2048,
    doc: 'Finished spans that may wait for export; further ones are dropped and counted.',
  }),
  queueBatch: row({
    path: 'traces.queue.batch',
    env: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
    type: count({ min: 1 }),
    default: 512,
    doc: 'Spans in one export, at most the size of the queue.',
  }),
  queueDelay: row({
    path: 'traces.queue.delay',
    env: ['OTEL_BSP_SCHEDULE_DELAY'],
    type: duration({ min: 0 }),
    default: 5000,
    doc: 'How long a span may wait for its batch to fill.',
  }),
  maxAttributes: row({
    path: 'traces.limits.attributes',
    env: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Attributes of one span.',
  }),
  maxAttributeLength: row({
    path: 'traces.limits.attribute_length',
    env: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
    type: limit,
    default: Infinity,
    doc: 'Characters of one attribute value.',
  }),
  maxEvents: row({
    path: 'traces.limits.events',
    env: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Events of one span.',
  }),
  maxLinks: row({
    path: 'traces.limits.links',
    env: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Links of one span.',
  }),
};

export const metrics = {
  exporters: row({
    path: 'metrics.exporters',
    env: ['OTEL_METRICS_EXPORTER'],
    type: exporterList(METRIC_EXPORTERS),
    default: [{ name: 'prometheus' }],
    doc: 'Where metrics go.',
  }),
  prometheus: row({
    path: 'metrics.exporters[].prometheus',
    type: listenAddress,
    default: { host: '', port: 9464, path: METRICS_PATH },
    doc: 'Where the page of metrics is served: `[host]:port[/path]`. No host: all interfaces. Port 0: any free one.',
  }),
  prometheusHost: row({
    env: ['OTEL_EXPORTER_PROMETHEUS_HOST'],
    type: hostName,
    default: '',
    doc: 'The host of that address.',
  }),
  prometheusPort: row({
    env: ['OTEL_EXPORTER_PROMETHEUS_PORT'],
    type: portNumber,
    default: 9464,
    doc: 'The port of that address.',
  }),
  otlp: otlp('metrics', ['OTEL_METRIC_EXPORT_TIMEOUT']),
  interval: row({
    path: 'metrics.interval',
    env: ['OTEL_METRIC_EXPORT_INTERVAL'],
    type: duration({ min: 1 }),
    default: 60_000,
    doc: 'How often metrics are pushed over OTLP.',
  }),
  exemplars: row({
    path: 'metrics.exemplars',
    env: ['OTEL_METRICS_EXEMPLAR_FILTER'],
    type: choice(['trace_based', 'always_on', 'always_off'] as const),
    default: 'trace_based',
    doc: 'Which calls may become exemplars; `trace_based`: the sampled ones.',
  }),
  maxRoutes: row({
    path: 'metrics.limits.routes',
    type: count({ min: 1 }),
    default: 500,
    doc: 'Distinct routes; calls on further ones are counted in the overflow series.',
  }),
  maxSeries: row({
    path: 'metrics.limits.series',
    type: count({ min: 1 }),
    default: 10_000,
    doc: 'Distinct RED series; further ones are counted in the overflow series.',
  }),
};

/** Which instrumentations are on. Their names come from the list of instrumentations. */
export function switchesOf(all: readonly Switchable[]) {
  return {
    listed: row({
      path: 'instrumentations',
      type: switches(all, { bare: true }),
      default: {},
      doc: 'Switches single instrumentations; those that are not named stay on. The later entry wins.',
    }),
    enabled: row({
      env: ['OTEL_NODE_ENABLED_INSTRUMENTATIONS'],
      type: switches(all, { bare: true }),
      default: {},
      doc: 'Only these instrumentations, whatever the file says.',
    }),
    disabled: row({
      env: ['OTEL_NODE_DISABLED_INSTRUMENTATIONS'],
      type: switches(all, { bare: false }),
      default: {},
      doc: 'Not these instrumentations.',
    }),
  };
}

export const general = {
  serviceName: row({
    path: 'service.name',
    env: ['OTEL_SERVICE_NAME'],
    type: text,
    default: 'unknown_service:node',
    doc: 'Name of the service. Without one: `service.name` of `OTEL_RESOURCE_ATTRIBUTES`, else the name in the nearest `package.json`.',
  }),
  resourceAttributes: row({
    env: ['OTEL_RESOURCE_ATTRIBUTES'],
    type: attributes,
    default: {},
    doc: 'Attributes of the resource: `key=value,key=value`, percent-encoded.',
  }),
  propagators: row({
    path: 'propagators',
    env: ['OTEL_PROPAGATORS'],
    type: listOf(choice<Propagator>(['tracecontext', 'baggage'])),
    default: ['tracecontext', 'baggage'],
    doc: 'Headers by which a trace goes from service to service.',
  }),
  knownMethods: row({
    path: 'http.known_methods',
    env: ['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'],
    type: listOf(methodName),
    default: KNOWN_METHODS,
    doc: 'HTTP methods that keep their name; any other is `_OTHER`.',
  }),
  propagateDeadlines: row({
    path: 'grpc.propagate_deadlines',
    type: boolean,
    default: false,
    doc: 'The time that is left to a gRPC server call or a Temporal activity bounds the gRPC calls made inside it.',
  }),
  visibility: row({
    path: 'temporal.visibility',
    type: boolean,
    default: false,
    doc: 'Once a minute the Temporal service is asked how many executions it has, by status and by type of workflow.',
  }),
  exitTimeout: row({
    path: 'exit.timeout',
    type: duration({ min: 0 }),
    default: 2000,
    doc: 'How long the end of the process may wait for the last telemetry.',
  }),
  logLevel: row({
    path: 'log_level',
    env: ['OTEL_LOG_LEVEL'],
    type: choice<LogLevel>(['none', 'error', 'warn', 'info', 'debug'], { verbose: 'debug', all: 'debug' }),
    default: 'info',
    doc: 'What Redhook itself writes to stderr.',
  }),
  disabled: row({
    env: ['OTEL_SDK_DISABLED'],
    type: boolean,
    default: false,
    doc: 'Nothing is started.',
  }),
};

/** All of them, in the order of the documentation. */
export const settings: readonly Setting<unknown>[] = [traces, metrics, switchesOf([]), general].flatMap(
  (group) => Object.values(group).flatMap((each) => ('doc' in each ? [each] : Object.values(each))),
) as Setting<unknown>[];

/** How one signal leaves over OTLP. */
function otlp(signal: Signal, timeouts: readonly string[]) {
  const field = (name: string, ...weaker: readonly string[]) => ({
    path: `${signal}.exporters[].otlp.${name}`,
    env: [...variables(name), ...weaker],
  });
  const variables = (name: string): string[] => [
    `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name.toUpperCase()}`,
    `OTEL_EXPORTER_OTLP_${name.toUpperCase()}`,
  ];
  return {
    endpoint: row({
      ...field('endpoint'),
      shorthand: true,
      type: endpoint(),
      default: 'http://localhost:4317',
      doc: `The receiver; \`http://\` is without TLS. Over HTTP \`/v1/${signal}\` is added, except to the first variable.`,
    }),
    protocol: row({
      ...field('protocol'),
      type: choice<Protocol>(['grpc', 'http/protobuf']),
      default: 'grpc',
      doc: 'Without one: `http/protobuf` for port 4318 or a path of OTLP/HTTP, else `grpc`.',
    }),
    headers: row({
      ...field('headers'),
      type: headers,
      default: {},
      doc: 'Sent with every export; in a variable `key=value,key=value`, percent-encoded.',
    }),
    compression: row({
      ...field('compression'),
      type: choice<OtlpExporter['compression']>(['gzip', 'none']),
      default: 'none',
      doc: 'Compression of what is sent.',
    }),
    timeout: row({
      ...field('timeout', ...timeouts),
      type: duration({ min: 1 }),
      default: 10_000,
      doc: 'How long one export may take.',
    }),
    certificate: row({
      ...field('certificate'),
      type: pemFile,
      default: undefined,
      doc: 'Authorities that the receiver is trusted by, a PEM file.',
    }),
    clientKey: row({
      ...field('client_key'),
      type: pemFile,
      default: undefined,
      doc: "The client's private key, a PEM file.",
    }),
    clientCertificate: row({
      ...field('client_certificate'),
      type: pemFile,
      default: undefined,
      doc: "The client's certificate, a PEM file.",
    }),
    insecure: row({
      env: variables('insecure'),
      type: boolean,
      default: true,
      doc: 'The scheme of an endpoint without one: true for `http://`, false for `https://`.',
    }),
  };
}

function row<T>(setting: Setting<T>): Setting<T> {
  return setting;
}

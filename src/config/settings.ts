import type { Switchable } from '../instrumentation.js';
import type { LogLevel } from '../log.js';
import { KNOWN_METHODS } from '../semconv/http-methods.js';
import type {
  OtlpExporter,
  OtlpMetricExporter,
  Propagator,
  ResourceDetector,
  SamplerName,
  Signal,
} from './config.js';
import { endpoint } from './types/endpoint.js';
import { exporterList } from './types/exporter-list.js';
import { headerName } from './types/header-name.js';
import { attributes, headers } from './types/key-values.js';
import { hostName, listenAddress, METRICS_PATH, portNumber } from './types/listen-address.js';
import { ruleList } from './types/rule-list.js';
import { switches } from './types/switches.js';
import {
  boolean,
  choice,
  duration,
  folder,
  limit,
  listOf,
  methodName,
  orNone,
  pemFile,
  ratio,
  size,
  text,
  type ValueType,
} from './types/value.js';

/**
 * One setting. The parser, the suggestions for a misspelt key and docs/configuration.md all come from these rows. To
 * add a setting, add a row here and use it in `build.ts`.
 */
export interface Setting<T> {
  /** The path in the short form; `[]` marks a list item. Absent if only the environment can set it. */
  readonly path?: string;
  /** Whether the value can replace the mapping that contains it: `sampler: always_on`. */
  readonly shorthand?: true;
  /** Environment variables, by descending precedence. They override the file. */
  readonly env?: readonly string[];
  readonly type: ValueType<T>;
  readonly default: NoInfer<T>;
  /** Markdown for docs/configuration.md. */
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
    doc: 'Where spans go. With `none` no spans are recorded, but trace context still passes through. The variable replaces the whole list; exporters that it names keep their settings from the file.',
  }),
  otlp: otlp('traces', ['OTEL_BSP_EXPORT_TIMEOUT']),
  console: row({
    path: 'traces.exporters[].console',
    type: boolean,
    default: true,
    doc: 'Prints each finished trace to stdout as a tree, for local development. `NO_COLOR` and `FORCE_COLOR` control the colours.',
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
    doc: 'Which traces are recorded. The `parentbased_` samplers follow the decision of the caller, if there is one. Metrics count every call, sampled or not.',
  }),
  ratio: row({
    path: 'traces.sampler.ratio',
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    type: ratio,
    default: 1,
    doc: 'The fraction of traces to record with `traceidratio` or `parentbased_traceidratio`.',
  }),
  rules: row({
    path: 'traces.rules',
    env: ['REDHOOK_TRACES_RULES'],
    type: ruleList,
    default: [],
    doc: 'What is recorded of some calls; metrics count them all. The first rule that matches decides instead of the sampler. See [Rules](#rules).',
  }),
  keepErrors: row({
    path: 'traces.keep.errors',
    env: ['REDHOOK_TRACES_KEEP_ERRORS'],
    type: boolean,
    default: false,
    doc: 'Sends a trace that is not sampled all the same if its first call or span in this process has failed. See [Keep errors and slow calls](#keep-errors-and-slow-calls).',
  }),
  keepSlowerThan: row({
    path: 'traces.keep.slower_than',
    env: ['REDHOOK_TRACES_KEEP_SLOWER_THAN'],
    type: orNone(duration({ min: 0 })),
    default: Infinity,
    doc: 'Sends a trace that is not sampled all the same if its first call or span in this process has taken longer.',
  }),
  keepSpans: row({
    path: 'traces.keep.spans',
    type: size,
    default: 5_000,
    doc: 'Maximum number of spans that are held until it is known whether their trace is kept. Beyond it the oldest trace is let go; `redhook_keep_evicted_total` counts its spans.',
  }),
  keepSpansPerTrace: row({
    path: 'traces.keep.spans_per_trace',
    type: size,
    default: 200,
    doc: 'The same for one trace. Beyond it its oldest span is let go and counted.',
  }),
  queueSize: row({
    path: 'traces.queue.size',
    env: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    type: size,
    default: 2048,
    doc: 'Maximum number of finished spans waiting for export. Further spans are dropped and counted in `redhook_spans_dropped_total`.',
  }),
  queueBatch: row({
    path: 'traces.queue.batch',
    env: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
    type: size,
    default: 512,
    doc: 'Maximum number of spans in one export. Cannot exceed `traces.queue.size`.',
  }),
  queueDelay: row({
    path: 'traces.queue.delay',
    env: ['OTEL_BSP_SCHEDULE_DELAY'],
    type: duration({ min: 0 }),
    default: 5000,
    doc: 'Maximum time that a finished span waits for its batch to fill.',
  }),
  maxAttributes: row({
    path: 'traces.limits.attributes',
    env: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Maximum number of attributes per span. Further attributes are dropped.',
  }),
  maxAttributeLength: row({
    path: 'traces.limits.attribute_length',
    env: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
    type: limit,
    default: Infinity,
    doc: 'Maximum length of an attribute value on a span, in characters. Longer values are truncated.',
  }),
  maxEvents: row({
    path: 'traces.limits.events',
    env: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Maximum number of events per span.',
  }),
  maxLinks: row({
    path: 'traces.limits.links',
    env: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Maximum number of links per span.',
  }),
  maxEventAttributes: row({
    path: 'traces.limits.event_attributes',
    env: ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Maximum number of attributes per event.',
  }),
  maxLinkAttributes: row({
    path: 'traces.limits.link_attributes',
    env: ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'],
    type: limit,
    default: 128,
    doc: 'Maximum number of attributes per link.',
  }),
};

export const metrics = {
  exporters: row({
    path: 'metrics.exporters',
    env: ['OTEL_METRICS_EXPORTER'],
    type: exporterList(METRIC_EXPORTERS),
    default: [{ name: 'prometheus' }],
    doc: 'Where metrics go: `prometheus` serves them on a page to be scraped, `otlp` pushes them. The variable replaces the whole list; exporters that it names keep their settings from the file.',
  }),
  prometheus: row({
    path: 'metrics.exporters[].prometheus',
    type: listenAddress,
    default: { host: '', port: 9464, path: METRICS_PATH },
    doc: 'Where the metrics page is served: `[host]:port[/path]`. Without a host, on all interfaces; with port 0, on any free port; without a path, at `/metrics`.',
  }),
  livePage: row({
    path: 'metrics.page',
    type: { ...boolean, show: (on: boolean | undefined) => (on === undefined ? 'on loopback' : String(on)) },
    default: undefined as boolean | undefined,
    doc: 'Whether the address of the metrics also has a page for people, at `/`: the calls, recent traces, what is observed, the settings with their origins and the health of Redhook. By default only where nobody but this machine reaches it.',
  }),
  discovery: row({
    path: 'metrics.discovery',
    env: ['REDHOOK_METRICS_DISCOVERY'],
    type: folder,
    default: undefined as string | undefined,
    doc: 'Directory in which each process says where its metrics page is, in a file for the `file_sd_configs` of Prometheus. See [Ports that nobody chooses](#ports-that-nobody-chooses).',
  }),
  prometheusHost: row({
    env: ['OTEL_EXPORTER_PROMETHEUS_HOST'],
    type: hostName,
    default: '',
    doc: 'Host of the metrics page. Overrides the host in `metrics.exporters[].prometheus`.',
  }),
  prometheusPort: row({
    env: ['OTEL_EXPORTER_PROMETHEUS_PORT'],
    type: portNumber,
    default: 9464,
    doc: 'Port of the metrics page. Overrides the port in `metrics.exporters[].prometheus`.',
  }),
  otlp: otlp('metrics', ['OTEL_METRIC_EXPORT_TIMEOUT']),
  temporality: row({
    path: 'metrics.temporality',
    env: ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'],
    type: choice<OtlpMetricExporter['temporality']>(['cumulative', 'delta', 'low_memory']),
    default: 'cumulative',
    doc: 'Whether metrics pushed over OTLP count from the start of the process or since the last push. `delta`: counters and histograms since the last push. `low_memory`: likewise, but not observable counters.',
  }),
  histogramAggregation: row({
    env: ['OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION'],
    type: choice<OtlpMetricExporter['histogramAggregation']>([
      'explicit_bucket_histogram',
      'base2_exponential_bucket_histogram',
    ]),
    default: 'explicit_bucket_histogram',
    doc: 'How histograms of the application are aggregated when they are pushed over OTLP. The histograms of calls have explicit buckets.',
  }),
  interval: row({
    path: 'metrics.interval',
    env: ['OTEL_METRIC_EXPORT_INTERVAL'],
    type: duration({ min: 1 }),
    default: 60_000,
    doc: 'Time between two pushes of metrics over OTLP. Prometheus scrapes do not depend on it.',
  }),
  exemplars: row({
    path: 'metrics.exemplars',
    env: ['OTEL_METRICS_EXEMPLAR_FILTER'],
    type: choice(['trace_based', 'always_on', 'always_off'] as const),
    default: 'trace_based',
    doc: 'Which calls can become exemplars, the links from a metric to a trace. `trace_based`: sampled calls. `always_on`: every call with a trace ID. `always_off`: none.',
  }),
  maxRoutes: row({
    path: 'metrics.limits.routes',
    type: size,
    default: 500,
    doc: 'Maximum number of distinct routes in each call histogram. Calls on further routes share one overflow series per histogram; `redhook_red_overflow_total` counts them.',
  }),
  maxSeries: row({
    path: 'metrics.limits.series',
    type: size,
    default: 2_000,
    doc: 'Maximum number of series in each call histogram, which bounds its memory. Calls that would need a further series share one overflow series per histogram; `redhook_red_overflow_total` counts them.',
  }),
};

/** The settings that turn instrumentations on and off. Valid names come from `all`. */
export function instrumentationSettings(all: readonly Switchable[]) {
  return {
    listed: row({
      path: 'instrumentations',
      type: switches(all, { bare: true }),
      default: {},
      doc: 'Turns instrumentations off (`fastify: false`) or on. Those not named stay as they are: on, except `console`. If several entries apply to an instrumentation, the last one wins.',
    }),
    enabled: row({
      env: ['OTEL_NODE_ENABLED_INSTRUMENTATIONS'],
      type: switches(all, { bare: true }),
      default: {},
      doc: 'Turns on only these instrumentations and ignores `instrumentations` in the file. Separate names with commas.',
    }),
    disabled: row({
      env: ['OTEL_NODE_DISABLED_INSTRUMENTATIONS'],
      type: switches(all, { bare: false }),
      default: {},
      doc: 'Turns off these instrumentations, even if the file or `OTEL_NODE_ENABLED_INSTRUMENTATIONS` turns them on.',
    }),
  };
}

export const general = {
  serviceName: row({
    path: 'service.name',
    env: ['OTEL_SERVICE_NAME'],
    type: text,
    default: 'unknown_service:node',
    doc: 'Name of the service. In this order: `OTEL_SERVICE_NAME`, `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, the file, the name in the `package.json` of the application (not of an installed tool that runs it).',
  }),
  serviceVersion: row({
    path: 'service.version',
    type: text,
    default: '',
    doc: 'Version of the service, the resource attribute `service.version`.',
  }),
  resourceAttributes: row({
    path: 'resource.attributes',
    env: ['OTEL_RESOURCE_ATTRIBUTES'],
    type: attributes,
    default: {},
    doc: 'Additional resource attributes, such as `deployment.environment.name: production`. In the variable, write `key=value,key=value` and percent-encode special characters. Both count; the variable wins for each key.',
  }),
  resourceDetectors: row({
    path: 'resource.detectors',
    env: ['OTEL_NODE_RESOURCE_DETECTORS'],
    type: listOf(
      choice<ResourceDetector | 'all' | 'env'>(['container', 'host', 'os', 'process', 'service', 'all'], {
        serviceinstance: 'service',
        env: 'env',
      }),
    ),
    default: ['host', 'process', 'service'],
    doc: 'What describes this process in the resource. `container`: the id of its container. `host`: the name of the host. `os`: its type and version. `process`: its id and the version of Node. `service`: a random `service.instance.id`. The attributes that the configuration sets are always there.',
  }),
  propagators: row({
    path: 'propagators',
    env: ['OTEL_PROPAGATORS'],
    type: listOf(choice<Propagator>(['tracecontext', 'baggage', 'b3', 'b3multi', 'xray'])),
    default: ['tracecontext', 'baggage'],
    doc: 'Formats of the headers that carry trace context and baggage between services. Of several formats that arrive, the last one in the list decides.',
  }),
  incoming: row({
    path: 'trust.incoming',
    type: choice(['continue', 'link', 'ignore'] as const),
    default: 'continue',
    doc: 'What becomes of the trace context that callers of HTTP and gRPC servers send. `continue`: it is the parent. `link`: a new trace links to it. `ignore`: a new trace. With the last two, the caller decides neither the trace nor its sampling, and its baggage is dropped.',
  }),
  outgoing: row({
    path: 'trust.outgoing',
    type: listOf(text),
    default: ['*'],
    doc: 'The hosts to which HTTP and gRPC clients send trace context and baggage: names, `*.example.com` for all hosts below one, `*` for every host.',
  }),
  knownMethods: row({
    path: 'http.known_methods',
    env: ['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'],
    type: listOf(methodName),
    default: KNOWN_METHODS,
    doc: 'HTTP methods that keep their name in metrics and spans. All others become `_OTHER`, so clients cannot create new series.',
  }),
  serverRequestHeaders: headersRow('server', 'request'),
  serverResponseHeaders: headersRow('server', 'response'),
  clientRequestHeaders: headersRow('client', 'request'),
  clientResponseHeaders: headersRow('client', 'response'),
  propagateDeadlines: row({
    path: 'grpc.propagate_deadlines',
    type: boolean,
    default: false,
    doc: 'Limits the deadline of an outgoing gRPC call to that of the gRPC server call or Temporal activity that makes it.',
  }),
  visibility: row({
    path: 'temporal.visibility',
    type: boolean,
    default: false,
    doc: 'Asks the Temporal service about once a minute how many workflow executions it has by status, and how many are running of each workflow type that this process knows. Exports both as gauges.',
  }),
  exitTimeout: row({
    path: 'exit.timeout',
    type: duration({ min: 0 }),
    default: 2000,
    doc: 'Maximum time that Redhook delays the exit of the process to send the last telemetry.',
  }),
  exitSignals: row({
    path: 'exit.signals',
    type: boolean,
    default: true,
    doc: 'Whether to send the last telemetry when a signal ends the process. `false` leaves signals alone, so that they end the process even while it is blocked.',
  }),
  logLevel: row({
    path: 'log_level',
    env: ['OTEL_LOG_LEVEL'],
    type: choice<LogLevel>(['none', 'error', 'warn', 'info', 'debug'], { verbose: 'debug', all: 'debug' }),
    default: 'info',
    doc: 'Minimum severity of the messages that Redhook writes to stderr.',
  }),
  workerThreads: row({
    path: 'worker_threads',
    env: ['REDHOOK_WORKER_THREADS'],
    type: boolean,
    default: false,
    doc: 'Whether what happens in worker threads is observed. Their metrics are part of the page of the process. See [Worker threads](#worker-threads).',
  }),
  reload: row({
    path: 'reload',
    env: ['REDHOOK_CONFIG_RELOAD'],
    type: boolean,
    default: true,
    doc: 'Whether changes of the file take effect while the process runs. See [Changes while the process runs](#changes-while-the-process-runs).',
  }),
  disabled: row({
    env: ['OTEL_SDK_DISABLED'],
    type: boolean,
    default: false,
    doc: 'Turns Redhook off: it observes and exports nothing.',
  }),
};

/** All settings, in the order of the documentation. */
export const settings: readonly Setting<unknown>[] = [
  traces,
  metrics,
  instrumentationSettings([]),
  general,
].flatMap((group) =>
  Object.values(group).flatMap((each) => ('doc' in each ? [each] : Object.values(each))),
) as Setting<unknown>[];

/** The settings of the OTLP exporter of one signal. */
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
      doc: `URL of the collector; \`https://\` uses TLS. With \`http/protobuf\`, the default is \`http://localhost:4318\`, and \`/v1/${signal}\` is appended, except to \`${variables('endpoint')[0]}\`, which is used as is.`,
    }),
    protocol: row({
      ...field('protocol'),
      type: choice<Protocol>(['grpc', 'http/protobuf']),
      default: 'grpc',
      doc: 'Protocol of the collector. If unset, it follows from the endpoint: `http/protobuf` for port 4318 or a path that ends in `/v1/traces` or `/v1/metrics`, otherwise `grpc`.',
    }),
    headers: row({
      ...field('headers'),
      type: headers,
      default: {},
      doc: 'Headers to send with every export, such as an API key. In a variable, write `key=value,key=value` and percent-encode special characters. Both variables count; the more specific one wins for each key.',
    }),
    compression: row({
      ...field('compression'),
      type: choice<OtlpExporter['compression']>(['gzip', 'none']),
      default: 'none',
      doc: 'Compression of the exported data.',
    }),
    timeout: row({
      ...field('timeout', ...timeouts),
      type: duration({ min: 1 }),
      default: 10_000,
      doc: 'Maximum time for one export.',
    }),
    certificate: row({
      ...field('certificate'),
      type: pemFile,
      default: undefined,
      doc: 'Certificate authorities to trust when connecting to the collector. If unset, those that Node.js trusts.',
    }),
    clientKey: row({
      ...field('client_key'),
      type: pemFile,
      default: undefined,
      doc: 'Private key of the client, for mutual TLS.',
    }),
    clientCertificate: row({
      ...field('client_certificate'),
      type: pemFile,
      default: undefined,
      doc: 'Certificate of the client, for mutual TLS.',
    }),
    insecure: row({
      env: variables('insecure'),
      type: boolean,
      default: true,
      doc: 'Completes an endpoint that has no scheme: `true` means `http://`, `false` means `https://`.',
    }),
  };
}

function headersRow(side: 'server' | 'client', message: 'request' | 'response') {
  return row({
    path: `http.${side}.${message}_captured_headers`,
    env: [`OTEL_INSTRUMENTATION_HTTP_${side.toUpperCase()}_CAPTURE_${message.toUpperCase()}_HEADERS`],
    type: listOf(headerName),
    default: [],
    doc: `Headers of the ${message}s of HTTP ${side}s that spans carry, as \`http.${message}.header.<name>\`. Headers that hold secrets are refused.${message === 'response' ? ' HTTP/1 only.' : ''}`,
  });
}

function row<T>(setting: Setting<T>): Setting<T> {
  return setting;
}

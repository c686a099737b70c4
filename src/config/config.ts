import type { LogLevel } from '../log.js';

/** The configuration that the rest of Redhook uses: parsed once, complete and deeply frozen. */
export interface Config {
  /** False when `OTEL_SDK_DISABLED=true`: Redhook starts nothing. */
  readonly enabled: boolean;
  readonly logLevel: LogLevel;
  readonly serviceName: string;
  /** The attributes in `OTEL_RESOURCE_ATTRIBUTES`, without `service.name`. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly propagators: readonly Propagator[];
  readonly trust: TrustConfig;
  readonly capturedHeaders: CapturedHeadersConfig;
  readonly traces: TracesConfig;
  readonly metrics: MetricsConfig;
  /** HTTP methods that keep their name. All others become `_OTHER`. */
  readonly knownMethods: readonly string[];
  /** Whether the deadline of a server call or an activity bounds the gRPC calls made inside it. */
  readonly propagateDeadlines: boolean;
  /** Whether to poll the Temporal service for the number of its workflow executions. */
  readonly visibility: boolean;
  /** Whether each instrumentation is on, by name. */
  readonly instrumentations: Readonly<Record<string, boolean>>;
  /** How long the process may wait at exit for the last export, in milliseconds. */
  readonly exitTimeoutMs: number;
  /** Whether signals that end the process are watched, so that the last telemetry can be sent first. */
  readonly exitSignals: boolean;
}

export interface TrustConfig {
  /** What becomes of the trace context that arrives with a request. */
  readonly incoming: 'continue' | 'link' | 'ignore';
  /** The hosts that receive trace context and baggage: names, `*.name`, or `*` for all of them. */
  readonly outgoing: readonly string[];
}

/** The names of the headers that the spans of HTTP calls carry, in lower case. */
export interface CapturedHeadersConfig {
  readonly serverRequest: readonly string[];
  readonly serverResponse: readonly string[];
  readonly clientRequest: readonly string[];
  readonly clientResponse: readonly string[];
}

export type Propagator = 'tracecontext' | 'baggage';

export interface TracesConfig {
  /** If empty, no spans are recorded. Trace context still passes through. */
  readonly exporters: readonly (OtlpExporter | ConsoleExporter)[];
  readonly sampler: SamplerConfig;
  readonly queue: QueueConfig;
  readonly limits: SpanLimitsConfig;
}

export interface MetricsConfig {
  readonly exporters: readonly (PrometheusExporter | OtlpExporter)[];
  /** The time between two pushes over OTLP, in milliseconds. */
  readonly exportIntervalMs: number;
  /** `trace_based`: only sampled calls become exemplars. */
  readonly exemplars: 'trace_based' | 'always_on' | 'always_off';
  /** Maximum number of distinct routes in each call histogram. Calls on further routes go to the overflow series. */
  readonly maxRoutes: number;
  /** Maximum number of series in each call histogram. Calls that need a further one go to the overflow series. */
  readonly maxSeries: number;
}

/** A kind of telemetry that is exported over OTLP. */
export type Signal = 'traces' | 'metrics';

export interface OtlpExporter {
  readonly type: 'otlp';
  readonly protocol: 'grpc' | 'http/protobuf';
  /** For gRPC the base URL of the collector, for HTTP the full URL for this signal. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
  /** Maximum time for one export, in milliseconds. */
  readonly timeoutMs: number;
  /** Paths of PEM files. */
  readonly certificate?: string;
  readonly clientKey?: string;
  readonly clientCertificate?: string;
}

export interface ConsoleExporter {
  readonly type: 'console';
  /** If absent, the output has colours when stdout is a terminal. */
  readonly colour?: boolean;
}

export interface PrometheusExporter {
  readonly type: 'prometheus';
  /** If empty, all IPv6 and IPv4 interfaces. */
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly path: string;
}

export interface SamplerConfig {
  readonly name: SamplerName;
  /** From 0 to 1. Used by the ratio samplers only. */
  readonly ratio: number;
}

export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

export interface QueueConfig {
  /** Maximum number of finished spans waiting for export. Further spans are dropped and counted. */
  readonly maxSize: number;
  /** Not more than `maxSize`. */
  readonly maxBatch: number;
  readonly delayMs: number;
}

export interface SpanLimitsConfig {
  readonly attributeCount: number;
  readonly attributeValueLength: number;
  readonly eventCount: number;
  readonly linkCount: number;
}

/** The configuration as the rest of Redhook sees it: parsed once, deeply frozen, complete. */
export interface Config {
  /** False when `OTEL_SDK_DISABLED=true`: nothing is started. */
  readonly enabled: boolean;
  readonly logLevel: LogLevel;
  readonly serviceName: string;
  /** Resource attributes of `OTEL_RESOURCE_ATTRIBUTES`, without `service.name`. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly propagators: readonly Propagator[];
  readonly traces: TracesConfig;
  readonly metrics: MetricsConfig;
  /** HTTP methods that are kept as they are; all others become `_OTHER`. */
  readonly knownMethods: readonly string[];
  /** Whether the remaining time of a server call bounds the gRPC calls made inside it. */
  readonly propagateDeadlines: boolean;
  /** Whether the Temporal service is asked for the number of its executions. */
  readonly visibility: boolean;
  /** Whether each instrumentation is on, by name. */
  readonly instrumentations: Readonly<Record<string, boolean>>;
  /** How long the end of the process may wait for the last telemetry, in milliseconds. */
  readonly exitTimeoutMs: number;
}

export type LogLevel = 'none' | 'error' | 'warn' | 'info' | 'debug';
export type Propagator = 'tracecontext' | 'baggage';

export interface TracesConfig {
  /** Empty: spans are not recorded; trace context still passes through. */
  readonly exporters: readonly (OtlpExporter | ConsoleExporter)[];
  readonly sampler: SamplerConfig;
  readonly queue: QueueConfig;
  readonly limits: SpanLimitsConfig;
}

export interface MetricsConfig {
  readonly exporters: readonly (PrometheusExporter | OtlpExporter)[];
  /** How often metrics are pushed over OTLP, in milliseconds. */
  readonly exportIntervalMs: number;
  /** `trace_based`: sampled calls give exemplars. */
  readonly exemplars: 'trace_based' | 'always_on' | 'always_off';
  /** Distinct routes per process; calls on further ones are counted in the overflow series. */
  readonly maxRoutes: number;
  /** Distinct RED series per process; further ones are counted in the overflow series. */
  readonly maxSeries: number;
}

/** A kind of telemetry that leaves over OTLP. */
export type Signal = 'traces' | 'metrics';

export interface OtlpExporter {
  readonly type: 'otlp';
  readonly protocol: 'grpc' | 'http/protobuf';
  /** For gRPC the server's base URL, for HTTP the full URL of the signal. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
  /** How long one export may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Paths of PEM files. */
  readonly certificate?: string;
  readonly clientKey?: string;
  readonly clientCertificate?: string;
}

export interface ConsoleExporter {
  readonly type: 'console';
  /** Absent: when stdout is a terminal. */
  readonly colour?: boolean;
}

export interface PrometheusExporter {
  readonly type: 'prometheus';
  /** Empty: all interfaces, IPv6 and IPv4. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly path: string;
}

export interface SamplerConfig {
  readonly name: SamplerName;
  /** For the ratio samplers: 0 to 1. */
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
  /** Finished spans that wait for export; further ones are dropped and counted. */
  readonly maxSize: number;
  readonly maxBatch: number;
  readonly delayMs: number;
}

export interface SpanLimitsConfig {
  readonly attributeCount: number;
  readonly attributeValueLength: number;
  readonly eventCount: number;
  readonly linkCount: number;
}

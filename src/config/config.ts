import type { CallKind } from '../instrumentation.js';
import type { LogLevel } from '../log.js';

/** The configuration that the rest of Redhook uses: parsed once, complete and deeply frozen. */
export interface Config {
  /** False when `OTEL_SDK_DISABLED=true`: Redhook starts nothing. */
  readonly enabled: boolean;
  readonly logLevel: LogLevel;
  readonly serviceName: string;
  /** The attributes that the configuration sets, without `service.name`. */
  readonly resourceAttributes: Readonly<Record<string, ResourceValue>>;
  readonly resourceDetection: ResourceDetectionConfig;
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
  /** Whether what happens in worker threads is observed. */
  readonly workerThreads: boolean;
  /** Whether the file is watched. */
  readonly reload: boolean;
  /** How long the process may wait at exit for the last export, in milliseconds. */
  readonly exitTimeoutMs: number;
  /** Whether signals that end the process are watched, so that the last telemetry can be sent first. */
  readonly exitSignals: boolean;
}

export type ResourceValue = string | number | boolean | readonly (string | number | boolean)[];

/** What describes this process in the resource. */
export interface ResourceDetectionConfig {
  readonly detectors: readonly ResourceDetector[];
  /** Which of the detected attributes are kept. */
  readonly attributes: IncludeExclude;
}

export type ResourceDetector = 'container' | 'host' | 'os' | 'process' | 'service';

/** Patterns of names, with `*` for any characters and `?` for one. Without `included` all are; `excluded` wins. */
export interface IncludeExclude {
  readonly included?: readonly string[];
  readonly excluded?: readonly string[];
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

export type Propagator = 'tracecontext' | 'baggage' | 'b3' | 'b3multi' | 'xray';

export interface TracesConfig {
  /** If empty, no spans are recorded. Trace context still passes through. */
  readonly exporters: readonly (OtlpSpanExporter | ConsoleExporter)[];
  readonly sampler: SamplerConfig;
  /** The first one that matches a call decides instead of the sampler. */
  readonly rules: readonly RuleConfig[];
  /** Absent: what is not sampled is not recorded. */
  readonly keep: KeepConfig | undefined;
  readonly limits: SpanLimitsConfig;
}

export interface MetricsConfig {
  readonly exporters: readonly (PrometheusExporter | OtlpMetricExporter)[];
  /** `trace_based`: only sampled calls become exemplars. */
  readonly exemplars: 'trace_based' | 'always_on' | 'always_off';
  /** Whether there is a page for people. If absent, where only this machine reaches it. */
  readonly livePage?: boolean;
  /** The directory of the files that say where the pages are. If absent, there are none. */
  readonly discovery?: string;
  /** How instruments become metrics, if not in the usual way. */
  readonly views?: readonly ViewConfig[];
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

export interface OtlpSpanExporter extends OtlpExporter {
  readonly queue: QueueConfig;
}

export interface OtlpMetricExporter extends OtlpExporter {
  /** The time between two pushes, in milliseconds. */
  readonly intervalMs: number;
  readonly temporality: 'cumulative' | 'delta' | 'low_memory';
  /** How histograms of the application are aggregated. Those of calls have explicit buckets. */
  readonly histogramAggregation: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
  readonly cardinalityLimits?: CardinalityLimits;
}

export type InstrumentType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'observable_counter'
  | 'observable_gauge'
  | 'observable_up_down_counter'
  | 'up_down_counter';

/** Maximum number of series of one instrument. Further ones share its overflow series. */
export type CardinalityLimits = { readonly [K in InstrumentType | 'default']?: number };

/** How the instruments that match become metrics. What is absent matches everything, or changes nothing. */
export interface ViewConfig {
  readonly selector: {
    /** A pattern. */
    readonly instrument_name?: string;
    readonly instrument_type?: InstrumentType;
    readonly unit?: string;
    readonly meter_name?: string;
    readonly meter_version?: string;
    readonly meter_schema_url?: string;
  };
  readonly stream: {
    readonly name?: string;
    readonly description?: string;
    readonly aggregation?: ViewAggregation;
    readonly aggregation_cardinality_limit?: number;
    readonly attribute_keys?: IncludeExclude;
  };
}

export type ViewAggregation =
  | { readonly type: 'default' | 'drop' | 'sum' | 'last_value' }
  | {
      readonly type: 'explicit_bucket_histogram';
      readonly boundaries?: readonly number[];
      readonly record_min_max?: boolean;
    }
  | {
      readonly type: 'base2_exponential_bucket_histogram';
      readonly max_size?: number;
      readonly record_min_max?: boolean;
    };

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
  readonly page: PageConfig;
  readonly cardinalityLimits?: CardinalityLimits;
}

/** What is on the metrics page, and how it is named. */
export interface PageConfig {
  /** The attributes of the resource that every series has as labels. */
  readonly resourceLabels: IncludeExclude;
  /** Whether series have labels with the scope that made them. */
  readonly scopeLabels: boolean;
  /** Whether there is a `target_info`. */
  readonly targetInfo: boolean;
  readonly translation: Translation;
}

/**
 * How names become those of Prometheus, before the `escaping` that a scraper asks for applies.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/#interaction-with-translation-strategy
 */
export type Translation =
  | 'underscore_escaping_with_suffixes'
  | 'underscore_escaping_without_suffixes'
  | 'no_utf8_escaping_with_suffixes'
  | 'no_translation';

export type SamplerConfig = NamedSamplerConfig | ParentBasedSamplerConfig;

export interface NamedSamplerConfig {
  readonly name: SamplerName;
  /** From 0 to 1. Used by the ratio samplers only. */
  readonly ratio: number;
}

/** Which sampler decides, by the parent of a span. */
export interface ParentBasedSamplerConfig {
  readonly name: 'parentbased';
  readonly root: SamplerConfig;
  readonly remoteParentSampled: SamplerConfig;
  readonly remoteParentNotSampled: SamplerConfig;
  readonly localParentSampled: SamplerConfig;
  readonly localParentNotSampled: SamplerConfig;
}

export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

/** What becomes of the spans of calls that meet all of its conditions. It has exactly one action. */
export interface RuleConfig {
  readonly drop?: true;
  /** From 0 to 1. */
  readonly ratio?: number;
  /** Spans per second. */
  readonly rate?: number;
  /** A pattern in which `*` stands for any characters. */
  readonly path?: string;
  /** A route template, or a pattern of the name of an RPC or another call that has no path. */
  readonly route?: string;
  readonly method?: string;
  readonly kind?: CallKind;
  /** A pattern of the address of the server that is called, or of the service of an RPC. */
  readonly service?: string;
}

/** Which traces are sent although they are not sampled, and how many spans may wait until that is known. */
export interface KeepConfig {
  readonly errors: boolean;
  /** `Infinity`: none is kept for its duration. */
  readonly slowerThanMs: number;
  readonly spans: number;
  readonly spansPerTrace: number;
}

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
  /** Of one event. */
  readonly eventAttributeCount: number;
  /** Of one link. */
  readonly linkAttributeCount: number;
}

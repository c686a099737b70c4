import type { Switchable } from '../../instrumentation.js';
import type { LogLevel } from '../../log.js';
import { KNOWN_METHODS } from '../../semconv/http-methods.js';
import { buildConfig } from '../build.js';
import type { Config, MetricsConfig, TracesConfig } from '../config.js';
import { FILE_NOT_USED, quote, type Report } from '../diagnostic.js';
import type { Observe } from '../resolve.js';
import type { SourceNode } from '../source/source-node.js';
import type { Env } from '../source/substitute.js';
import { distribution } from './distribution.js';
import { instrumentation } from './instrumentation.js';
import { meterProvider } from './meter-provider.js';
import { flag, map, mapping, reportProblem, string, unused, type ValueOf, word } from './node-type.js';
import { propagator } from './propagator.js';
import { resource } from './resource.js';
import { attributeLimits, DEFAULT_SAMPLER, tracerProvider } from './tracer-provider.js';

const LEVELS = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
} as const;
type Severity = keyof typeof LEVELS;
const SEVERITIES = (Object.keys(LEVELS) as Severity[]).flatMap((name) => [
  name,
  ...[2, 3, 4].map((number) => `${name}${number}` as const),
]);

const logLevel = map(
  word(SEVERITIES),
  (severity): LogLevel => LEVELS[severity.replace(/\d$/, '') as Severity],
);

/** OpenTelemetry's configuration model, version 1.1 with the names of 1.0. */
export function officialModel(switchable: readonly Switchable[]) {
  return mapping({
    file_format: string,
    disabled: flag,
    log_level: logLevel,
    attribute_limits: attributeLimits,
    resource,
    propagator,
    tracer_provider: tracerProvider,
    meter_provider: meterProvider,
    logger_provider: unused('Redhook exports no logs'),
    'instrumentation/development': instrumentation(switchable),
    distribution,
  });
}

type Model = ValueOf<ReturnType<typeof officialModel>>;

export interface OfficialContext {
  readonly env: Env;
  readonly switchable: readonly Switchable[];
  readonly packageName: string | undefined;
  readonly report: Report;
  readonly observe?: Observe;
}

/**
 * Builds the configuration from a file in OpenTelemetry's declarative form. The variables of the environment count only
 * where the file refers to them, but `OTEL_SDK_DISABLED=true` turns Redhook off all the same. Without its providers and
 * without a propagator, the model exports and passes on nothing.
 *
 * A chunk of its own: few processes have such a file.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/
 */
export function readOfficialForm(tree: SourceNode, context: OfficialContext): Config | undefined {
  const { switchable, report } = context;
  if (!isSupported(tree, report)) return undefined;
  const model = officialModel(switchable).read(tree, report);
  if (model === undefined) return undefined;
  const base = ownSettings(model, context);
  return {
    ...base,
    enabled: base.enabled && model.disabled !== true,
    logLevel: model.log_level ?? 'info',
    ...described(model, context),
    propagators: model.propagator ?? [],
    traces: traces(model, base),
    metrics: metrics(model, base),
    ...instrumented(model, base),
  };
}

const SUPPORTED = { major: 1, minor: 1 };

/** @see https://github.com/open-telemetry/opentelemetry-configuration/blob/main/VERSIONING.md */
function isSupported(tree: SourceNode, report: Report): boolean {
  const node =
    tree.kind === 'mapping' ? tree.entries.find(({ key }) => key === 'file_format')?.value : undefined;
  const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const [, major, minor] = /^(\d+)\.(\d+)(?:-.*)?$/.exec(text) ?? [];
  const where = node?.where ?? tree.where;
  const expected = `"${SUPPORTED.major}.${SUPPORTED.minor}" or "${SUPPORTED.major}.0", in quotes`;
  if (Number(major) !== SUPPORTED.major) {
    const found = node?.kind === 'scalar' ? quote(node.text) : 'no version';
    reportProblem(where, found, expected, FILE_NOT_USED, report);
    return false;
  }
  if (Number(minor) > SUPPORTED.minor) {
    const now = 'what it has in common with 1.1 is used';
    report({ severity: 'warn', where, found: quote(text), expected, now });
  }
  return true;
}

/** The configuration that the rest of the model replaces: the defaults, with the settings under `distribution`. */
function ownSettings({ distribution }: Model, { env, switchable, report, observe }: OfficialContext): Config {
  const { OTEL_SDK_DISABLED } = env;
  return buildConfig(
    { env: { OTEL_SDK_DISABLED }, switchable, file: distribution ?? new Map(), report, observe },
    undefined,
  );
}

type Described = Pick<Config, 'serviceName' | 'resourceAttributes' | 'resourceDetection'>;

const UNKNOWN_SERVICE = 'unknown_service:node';

/** Only the detector of the service looks for its name outside the file. */
function described({ resource }: Model, { env, packageName }: OfficialContext): Described {
  const { attributes = {}, detection = { attributes: {}, detectors: [] } } = resource ?? {};
  const { 'service.name': given, ...resourceAttributes } = attributes;
  const detected = detection.detectors.includes('service')
    ? env['OTEL_SERVICE_NAME']?.trim() || packageName
    : undefined;
  const serviceName = typeof given === 'string' && given !== '' ? given : (detected ?? UNKNOWN_SERVICE);
  return { serviceName, resourceAttributes, resourceDetection: detection };
}

function traces({ tracer_provider: given, attribute_limits: general }: Model, base: Config): TracesConfig {
  return {
    ...base.traces,
    exporters: given?.processors ?? [],
    sampler: given?.sampler ?? DEFAULT_SAMPLER,
    limits: {
      ...base.traces.limits,
      ...(general?.attribute_count_limit !== undefined && { attributeCount: general.attribute_count_limit }),
      ...(general?.attribute_value_length_limit !== undefined && {
        attributeValueLength: general.attribute_value_length_limit,
      }),
      ...given?.limits,
    },
  };
}

function metrics({ meter_provider: given }: Model, base: Config): MetricsConfig {
  return {
    ...base.metrics,
    exporters: given?.readers ?? [],
    exemplars: given?.exemplar_filter ?? 'trace_based',
    maxSeries: maxSeries(given?.readers ?? []) ?? base.metrics.maxSeries,
    ...(given?.views !== undefined && { views: given.views }),
  };
}

/** All readers see the same series of calls, so the reader with the most of them decides. */
function maxSeries(readers: MetricsConfig['exporters']): number | undefined {
  const limits = readers.flatMap(
    ({ cardinalityLimits: { histogram, default: most } = {} }) => histogram ?? most ?? [],
  );
  return limits.length === 0 ? undefined : Math.max(...limits);
}

function instrumented(
  { 'instrumentation/development': given }: Model,
  base: Config,
): Pick<Config, 'knownMethods' | 'capturedHeaders' | 'instrumentations'> {
  const { client = {}, server = {} } = given?.general?.http ?? {};
  return {
    // The methods of servers come from anybody, those of clients from the application.
    knownMethods: server.known_methods ?? client.known_methods ?? KNOWN_METHODS,
    capturedHeaders: {
      serverRequest: server.request_captured_headers ?? [],
      serverResponse: server.response_captured_headers ?? [],
      clientRequest: client.request_captured_headers ?? [],
      clientResponse: client.response_captured_headers ?? [],
    },
    instrumentations: { ...base.instrumentations, ...given?.js },
  };
}

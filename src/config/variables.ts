import { IGNORED, type Report } from './diagnostic.js';
import { nearest } from './did-you-mean.js';
import { settings } from './settings.js';
import { type ConfigFile, FILE_VARIABLES } from './source/file.js';
import { commaSeparated } from './source/source-node.js';
import type { Env } from './source/substitute.js';

/** Every variable that Redhook reads. */
export const USED: ReadonlySet<string> = new Set([
  ...FILE_VARIABLES,
  ...settings.flatMap(({ env = [] }) => env),
]);

/**
 * The variables of the specification and of OpenTelemetry JS that Redhook does not use. Each with the values that ask for
 * nothing but what Redhook does anyway.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
const UNUSED: ReadonlyMap<string, readonly string[]> = new Map([
  ['OTEL_LOGS_EXPORTER', ['none']],
  ...below('OTEL_EXPORTER_OTLP_LOGS', [
    'ENDPOINT',
    'PROTOCOL',
    'HEADERS',
    'COMPRESSION',
    'TIMEOUT',
    'CERTIFICATE',
    'CLIENT_KEY',
    'CLIENT_CERTIFICATE',
    'INSECURE',
  ]),
  ...below('OTEL_BLRP', ['SCHEDULE_DELAY', 'EXPORT_TIMEOUT', 'MAX_QUEUE_SIZE', 'MAX_EXPORT_BATCH_SIZE']),
  ...below('OTEL_LOGRECORD_ATTRIBUTE', ['COUNT_LIMIT', 'VALUE_LENGTH_LIMIT']),
  ['OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT', []],
  ['OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT', []],
  ['OTEL_EXPORTER_OTLP_SPAN_INSECURE', []],
  ['OTEL_EXPORTER_OTLP_METRIC_INSECURE', []],
  ...below('OTEL_EXPORTER_ZIPKIN', ['ENDPOINT', 'TIMEOUT', 'PROTOCOL']),
  ...below('OTEL_EXPORTER_JAEGER', [
    'ENDPOINT',
    'PROTOCOL',
    'TIMEOUT',
    'USER',
    'PASSWORD',
    'AGENT_HOST',
    'AGENT_PORT',
  ]),
  ['OTEL_ENTITIES', []],
  ['OTEL_EXPERIMENTAL_CONFIG_FILE', []],
  ['OTEL_NODE_EXPERIMENTAL_SDK_METRICS', ['false']],
  ['OTEL_SEMCONV_STABILITY_OPT_IN', ['http', 'rpc']],
]);

const KNOWN = [...USED, ...UNUSED.keys()];
const OURS = /^(?:OTEL|REDHOOK)_/;
/** A name that differs in more is somebody else's, such as `OTEL_COLLECTOR_PORT`, which Kubernetes sets. */
const MAX_EDITS = 3;
/** Far more than anyone sets. Comparing names takes time. */
const MAX_COMPARED = 100;

/** Reports the variables that are set and not used, in one line, and each that looks misspelt. */
export function reportUnusedVariables(env: Env, report: Report): void {
  const unknown = Object.keys(env).filter(
    (name) => OURS.test(name) && !USED.has(name) && (env[name] ?? '').trim() !== '',
  );
  const unused = unknown.filter((name) => UNUSED.has(name) && asksForMore(name, env[name]));
  const [where] = unused;
  if (where !== undefined)
    report({ severity: 'info', where, message: `set and not used: ${unused.sort().join(', ')}` });

  const strangers = unknown.filter((name) => !UNUSED.has(name)).slice(0, MAX_COMPARED);
  for (const name of strangers) {
    const meant = nearest(name, KNOWN, MAX_EDITS) ?? KNOWN.find((known) => lacksOneWord(name, known));
    if (meant === undefined || UNUSED.has(meant)) continue;
    const expected = `the name of a known variable (did you mean ${meant}?)`;
    report({ severity: 'warn', where: name, found: 'an unknown variable', expected, now: IGNORED });
  }
}

/** Reports, in one line, the variables that are set although the file of OpenTelemetry's form alone counts. */
export function reportOverruledVariables(env: Env, file: ConfigFile, report: Report): void {
  const names = Object.keys(env).filter(
    (name) =>
      /^OTEL_/.test(name) &&
      (env[name] ?? '').trim() !== '' &&
      !STILL_READ.has(name) &&
      !new RegExp(`\\$\\{(?:env:)?${name}\\b`).test(file.text),
  );
  if (names.length === 0) return;
  const message = `${file.name} is in OpenTelemetry's form, so these variables do not count: ${names.sort().join(', ')}`;
  report({ severity: 'info', where: file.name, message });
}

/** The others count only where a file in OpenTelemetry's form refers to them. */
const STILL_READ = new Set([...FILE_VARIABLES, 'OTEL_SDK_DISABLED']);

function asksForMore(name: string, value = ''): boolean {
  const satisfied = UNUSED.get(name) ?? [];
  return commaSeparated(value.toLowerCase()).some((word) => !satisfied.includes(word));
}

/** Whether `name` is `known` without one of its words: `REDHOOK_CONFIG`, `OTEL_EXPORTER_ENDPOINT`. */
function lacksOneWord(name: string, known: string): boolean {
  const words = known.split('_');
  return words.some((_, index) => words.toSpliced(index, 1).join('_') === name);
}

function below(prefix: string, names: readonly string[]): [string, readonly string[]][] {
  return names.map((name) => [`${prefix}_${name}`, []]);
}

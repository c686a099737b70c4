/**
 * Translates OpenTelemetry names to Prometheus names.
 *
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
 */

/**
 * What a name may contain, in the words of Prometheus (`metric_name_validation_scheme`). `utf8` keeps the dots of
 * OpenTelemetry. `legacy` allows only letters, digits and `_`.
 */
export type NameScheme = 'legacy' | 'utf8';

const UNITS = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tebibytes'],
  ['kBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['%', 'percent'],
  ['1', ''],
]);

const PER = new Map([
  ['s', 'second'],
  ['min', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['wk', 'week'],
  ['mo', 'month'],
  ['a', 'year'],
]);

const ANNOTATION = /\{[^}]*\}/g;
const LEGACY_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The words for a UCUM unit: `By/s` becomes `bytes_per_second`. Empty for units that only count: `{request}`. */
export function unitWord(unit: string): string {
  const [amount = '', time] = unit.replace(ANNOTATION, '').split('/', 2);
  const words = underscored(UNITS.get(amount) ?? amount);
  const per = underscored(PER.get(time ?? '') ?? time ?? '');
  return [words, per && `per_${per}`].filter(Boolean).join('_');
}

/** How names are written, and whether they end in their unit and, for counters, in `_total`. */
export interface Naming {
  readonly scheme: NameScheme;
  readonly suffixes: boolean;
}

/** The name of a family, without the `_total` of counters. `job.wait` in `seconds` becomes `job_wait_seconds`. */
export function familyName(
  name: string,
  unit: string,
  isCounter: boolean,
  { scheme, suffixes }: Naming,
): string {
  const translated = scheme === 'utf8' ? name : legacy(name);
  if (!suffixes) return translated;
  const base = isCounter ? withoutWord(translated, 'total') : translated;
  return unit === '' || endsWithWord(base, unit) ? base : `${base}_${unit}`;
}

export function labelName(key: string, scheme: NameScheme): string {
  return scheme === 'utf8' ? key : legacy(key);
}

/** Whether a name needs no quotes on the page. */
export function isLegacy(name: string): boolean {
  return LEGACY_NAME.test(name);
}

function legacy(name: string): string {
  const escaped = name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replaceAll(/_{2,}/g, '_');
  return isLegacy(escaped) ? escaped : `_${escaped}`;
}

function underscored(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9]+/g, '_').replaceAll(/^_|_$/g, '');
}

function endsWithWord(name: string, word: string): boolean {
  return name.endsWith(word) && /[^a-zA-Z0-9]$/.test(name.slice(0, -word.length));
}

function withoutWord(name: string, word: string): string {
  return endsWithWord(name, word) ? name.slice(0, -word.length - 1) : name;
}

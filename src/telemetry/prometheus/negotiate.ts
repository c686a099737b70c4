/** The format of a page: its content type, and whether names outside the legacy scheme are allowed. */
export interface Format {
  readonly contentType: string;
  readonly openMetrics: boolean;
  readonly utf8: boolean;
}

const TEXT_0_0_4: Format = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: false,
  utf8: false,
};

/** The content type of these two formats says how names are escaped. */
const ESCAPED = {
  text: escapings('text/plain; version=1.0.0', false),
  openMetrics: escapings('application/openmetrics-text; version=1.0.0', true),
};

function escapings(type: string, openMetrics: boolean): Record<'underscores' | 'allow-utf-8', Format> {
  const format = (escaping: string): Format => ({
    contentType: `${type}; escaping=${escaping}; charset=utf-8`,
    openMetrics,
    utf8: escaping === 'allow-utf-8',
  });
  return { underscores: format('underscores'), 'allow-utf-8': format('allow-utf-8') };
}

/**
 * The supported format that an `Accept` header prefers; the first one wins a tie. Everyone else gets text 0.0.4: a
 * request without the header, a browser, a scraper that wants an unsupported format.
 *
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept: string | undefined): Format {
  const preferences = parse(accept)
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const preference of preferences) {
    const format = formatFor(preference);
    if (format !== undefined) return format;
  }
  return TEXT_0_0_4;
}

/** Whether an `Accept-Encoding` header allows gzip. Without the header nothing is compressed. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = parse(acceptEncoding);
  const gzip =
    codings.find(({ value }) => value === 'gzip' || value === 'x-gzip') ??
    codings.find(({ value }) => value === '*');
  return gzip !== undefined && gzip.weight > 0;
}

function formatFor({ value, parameters }: Preference): Format | undefined {
  const version = parameters.get('version');
  const escaping = parameters.get('escaping') === 'allow-utf-8' ? 'allow-utf-8' : 'underscores';
  switch (value) {
    case 'application/openmetrics-text':
      return version === undefined || version === '1.0.0' ? ESCAPED.openMetrics[escaping] : undefined;
    case 'text/plain':
      if (version === '1.0.0') return ESCAPED.text[escaping];
      return version === undefined || version === '0.0.4' ? TEXT_0_0_4 : undefined;
    case 'text/*':
    case '*/*':
      return TEXT_0_0_4;
    default:
      return undefined;
  }
}

interface Preference {
  readonly value: string;
  /** 0 (never) to 1. */
  readonly weight: number;
  readonly parameters: ReadonlyMap<string, string>;
}

function parse(header = ''): Preference[] {
  return header.toLowerCase().split(',').map(parseOne);
}

function parseOne(text: string): Preference {
  const [value = '', ...rest] = text.split(';');
  const parameters = new Map(rest.map(parseParameter));
  const weight = Number(parameters.get('q') ?? 1);
  return { value: value.trim(), weight: Number.isNaN(weight) ? 0 : weight, parameters };
}

function parseParameter(text: string): [name: string, value: string] {
  const [name = '', value = ''] = text.split('=', 2);
  return [name.trim(), value.trim().replaceAll('"', '')];
}

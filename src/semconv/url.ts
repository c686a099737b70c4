/** Query parameters that hold signatures or keys of cloud storage; their values never leave the process. */
const SENSITIVE_PARAMETERS =
  /([?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/g;
/** One of them is in each sensitive parameter. To look for them is cheaper than the search for parameters. */
const MARKS = ['X-Amz-', 'AWSAccessKeyId', 'Signature', 'sig='];
/** Up to the last `@`: a password may hold one too. */
const CREDENTIALS = /:\/\/[^/?#\s]*@/g;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/;

/** The port of a URL of this scheme that names none. */
export function defaultPort(scheme: 'http' | 'https'): number;
export function defaultPort(scheme: string): number | undefined;
export function defaultPort(scheme: string): number | undefined {
  if (scheme === 'https') return 443;
  return scheme === 'http' ? 80 : undefined;
}

/** A host as sockets and attributes want it: an IPv6 address without its brackets. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** A host as URLs want it: an IPv6 address in brackets. */
export function withBrackets(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** A text in which the credentials of each URL are replaced; by nothing, unless `by` is given. */
export function withoutCredentials(text: string, by = ''): string {
  return text.replace(CREDENTIALS, `://${by}`);
}

/**
 * `url.full` without secrets: credentials become `REDACTED:REDACTED`, sensitive query values `REDACTED`.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/attributes-registry/url/
 */
export function redactUrl(url: string): string {
  return redactQuery(withoutCredentials(url, 'REDACTED:REDACTED@'));
}

/** The sensitive values of a URL or of `?query` replaced by `REDACTED`; the keys stay. */
export function redactQuery(text: string): string {
  return MARKS.some((mark) => text.includes(mark)) ? text.replace(SENSITIVE_PARAMETERS, '$1REDACTED') : text;
}

/** The target of a request line, in origin form (`/a?b`) or absolute form (`http://host/a?b`). */
export function splitTarget(target: string): { path: string; query: string | undefined } {
  const local = target.startsWith('/') ? target : target.replace(ORIGIN, '');
  const mark = local.indexOf('?');
  if (mark === -1) return { path: local === '' ? '/' : local, query: undefined };
  return { path: local.slice(0, mark) || '/', query: redactQuery(local.slice(mark)).slice(1) };
}

/** A `Host` header or authority: `example.com:8080`, `[::1]:80`. The scheme gives the port that is left out. */
export function splitAuthority(authority: string, scheme: string): Authority {
  if (authority !== latest.authority || scheme !== latest.scheme) {
    latest = { authority, scheme, parts: parseAuthority(authority, scheme) };
  }
  return latest.parts;
}

interface Authority {
  readonly address: string;
  readonly port: number | undefined;
}

/** A service is mostly asked for by one name: it is taken apart once. */
let latest: { authority: string; scheme: string; parts: Authority } = {
  authority: '',
  scheme: '',
  parts: { address: '', port: undefined },
};

function parseAuthority(authority: string, scheme: string): Authority {
  const [, host, port] = AUTHORITY.exec(authority) ?? [];
  if (host === undefined) return { address: authority, port: undefined };
  return {
    address: withoutBrackets(host),
    port: port === undefined ? defaultPort(scheme) : Number(port),
  };
}

/** `scheme://host[:port]` with the default port left out and IPv6 addresses in brackets. */
export function origin(scheme: string, host: string, port: number | undefined): string {
  const isDefault = port === undefined || port === defaultPort(scheme);
  return `${scheme}://${withBrackets(host)}${isDefault ? '' : `:${port}`}`;
}

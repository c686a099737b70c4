/** Query parameters that hold signatures or keys of cloud storage; their values never leave the process. */
const SENSITIVE_PARAMETERS =
  /([?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/g;
/** Every sensitive parameter contains one of these. Looking for them is cheaper than running the expression. */
const MARKERS = ['X-Amz-', 'AWSAccessKeyId', 'Signature', 'sig='];
/** Up to the last `@`, because a password may contain one too. */
const CREDENTIALS = /:\/\/[^/?#\s]*@/g;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/;

/** The default port of a scheme. */
export function defaultPort(scheme: 'http' | 'https'): number;
export function defaultPort(scheme: string): number | undefined;
export function defaultPort(scheme: string): number | undefined {
  if (scheme === 'https') return 443;
  return scheme === 'http' ? 80 : undefined;
}

/** A host as sockets and attributes expect it: an IPv6 address without its brackets. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** A host as URLs expect it: an IPv6 address in brackets. */
export function withBrackets(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Removes the credentials from every URL in a text, or replaces them. */
export function withoutCredentials(text: string, replacement = ''): string {
  return text.replace(CREDENTIALS, `://${replacement}`);
}

/**
 * `url.full` without secrets: credentials become `REDACTED:REDACTED`, sensitive query values `REDACTED`.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/attributes-registry/url/
 */
export function redactUrl(url: string): string {
  return redactQuery(withoutCredentials(url, 'REDACTED:REDACTED@'));
}

/** Replaces the sensitive values of a URL or a `?query` with `REDACTED`. The keys stay. */
export function redactQuery(text: string): string {
  return MARKERS.some((marker) => text.includes(marker))
    ? text.replace(SENSITIVE_PARAMETERS, '$1REDACTED')
    : text;
}

/** Splits the target of a request line (`/a?b` or `http://host/a?b`) and redacts the query. */
export function splitTarget(target: string): { path: string; query: string | undefined } {
  const local = target.startsWith('/') ? target : target.replace(ORIGIN, '');
  const mark = local.indexOf('?');
  if (mark === -1) return { path: local === '' ? '/' : local, query: undefined };
  return { path: local.slice(0, mark) || '/', query: redactQuery(local.slice(mark)).slice(1) };
}

/** The authority of a target in absolute form, `http://user@host:8080/a`. Proxies are sent such targets. */
export function absoluteAuthority(target: string): Authority | undefined {
  const scheme = target.startsWith('http://') ? 'http' : target.startsWith('https://') ? 'https' : undefined;
  if (scheme === undefined) return undefined;
  let end = scheme.length + 3;
  const begin = end;
  while (end < target.length && !'/?#'.includes(target.charAt(end))) end += 1;
  const authority = target.slice(begin, end);
  return splitAuthority(authority.slice(authority.lastIndexOf('@') + 1), scheme);
}

/** Splits a `Host` header or authority: `example.com:8080`, `[::1]:80`. The scheme implies a missing port. */
export function splitAuthority(authority: string, scheme: string): Authority {
  if (authority !== latest.authority || scheme !== latest.scheme) {
    latest = { authority, scheme, parts: parseAuthority(authority, scheme) };
  }
  return latest.parts;
}

export interface Authority {
  readonly address: string;
  readonly port: number | undefined;
}

/** Most requests name the same authority as the one before, so the last result is cached. */
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

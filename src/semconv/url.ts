/** Query parameters that hold signatures or keys of cloud storage; their values never leave the process. */
const SENSITIVE_PARAMETERS =
  /([?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/g;
/** One of them is in each sensitive parameter. To look for them is cheaper than the search for parameters. */
const MARKS = ['X-Amz-', 'AWSAccessKeyId', 'Signature', 'sig='];
const CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#@]*@/i;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/;

const DEFAULT_PORTS: Record<string, number> = { http: 80, https: 443 };

/**
 * `url.full` without secrets: credentials become `REDACTED:REDACTED`, sensitive query values `REDACTED`.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/attributes-registry/url/
 */
export function redactUrl(url: string): string {
  return redactQuery(url.replace(CREDENTIALS, '$1REDACTED:REDACTED@'));
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
    address: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? DEFAULT_PORTS[scheme] : Number(port),
  };
}

/** `scheme://host[:port]` with the default port left out and IPv6 addresses in brackets. */
export function origin(scheme: string, host: string, port: number | undefined): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return port === undefined || port === DEFAULT_PORTS[scheme]
    ? `${scheme}://${name}`
    : `${scheme}://${name}:${port}`;
}

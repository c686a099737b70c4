import type { IncomingHttpHeaders } from 'node:http';

/** What the proxy nearest to the client has said of the request that it received. */
interface Forwarded {
  readonly proto: string | undefined;
  readonly host: string | undefined;
  readonly for: string | undefined;
}

const X_FORWARDED = {
  proto: 'x-forwarded-proto',
  host: 'x-forwarded-host',
  for: 'x-forwarded-for',
} as const;

/**
 * The first value of a parameter of `Forwarded` (RFC 7239), else of its `X-Forwarded-*` header. Each proxy appends
 * its own value, so the first one is about the client.
 */
export function forwarded(headers: IncomingHttpHeaders, name: keyof Forwarded): string | undefined {
  const { forwarded: standard } = headers;
  if (standard !== undefined) {
    const value = parameterOf(standard, name);
    if (value) return value;
  }
  const old = headers[X_FORWARDED[name]];
  return (typeof old === 'string' && firstOf(old)) || undefined;
}

function firstOf(list: string): string {
  const comma = list.indexOf(',');
  return (comma === -1 ? list : list.slice(0, comma)).trim();
}

/** A parameter of the first element: `for="[2001:db8::1]:4711";proto=https;host=shop.example, for=10.0.0.1`. */
function parameterOf(header: string, name: string): string | undefined {
  let begin = 0;
  let isQuoted = false;
  for (let at = 0; at <= header.length; at += 1) {
    const char = header[at];
    if (char === '"') isQuoted = !isQuoted;
    if (char !== undefined && (isQuoted || (char !== ';' && char !== ','))) continue;
    const pair = header.slice(begin, at);
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim().toLowerCase() === name)
      return unquoted(pair.slice(equals + 1).trim());
    if (char === ',') return undefined;
    begin = at + 1;
  }
  return undefined;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Attributes } from '../instrumentation.js';
import { splitAuthority, splitTarget } from './url.js';

/** What arrived, whatever the version of HTTP. */
export interface ServerRequest {
  /** The target of a request line, or the `:path` of HTTP/2. */
  readonly target: string;
  /** The `Host` header, or the `:authority` of HTTP/2. */
  readonly authority: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Whether this came over TLS. */
  readonly encrypted: boolean;
  readonly version: string;
  readonly peer: Pick<Socket, 'remoteAddress' | 'remotePort'> | undefined;
}

/**
 * The labels of an HTTP server call; those that it will have are there already, so that all calls have one shape.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server
 */
export function labelServerRequest(
  request: Pick<ServerRequest, 'headers' | 'encrypted' | 'version'>,
): Attributes {
  return {
    'http.request.method': undefined,
    'url.scheme': schemeOf(request),
    'http.route': undefined,
    'http.response.status_code': undefined,
    'network.protocol.version': request.version,
    'error.type': undefined,
  };
}

/**
 * What the span of an HTTP server call has besides its labels.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function describeServerRequest(request: ServerRequest): Attributes {
  const { target, authority, headers, peer } = request;
  const { path, query } = splitTarget(target);
  const server = authority === undefined ? undefined : splitAuthority(authority, schemeOf(request));
  return {
    'url.path': path,
    'url.query': query,
    'server.address': server?.address,
    'server.port': server?.port,
    'client.address': clientAddress(headers) ?? peer?.remoteAddress,
    'network.peer.address': peer?.remoteAddress,
    'network.peer.port': peer?.remotePort,
    'user_agent.original': headers['user-agent'],
  };
}

/** The scheme that the client used: a proxy in front says so, else the socket does. Only two values are possible. */
function schemeOf({ headers, encrypted }: Pick<ServerRequest, 'headers' | 'encrypted'>): 'http' | 'https' {
  const forwarded = headers['x-forwarded-proto'];
  if (forwarded === 'http' || forwarded === 'https') return forwarded;
  return encrypted ? 'https' : 'http';
}

function clientAddress(headers: IncomingHttpHeaders): string | undefined {
  const forwarded = headers['x-forwarded-for'];
  const first = typeof forwarded === 'string' ? forwarded.split(',', 1)[0]?.trim() : undefined;
  return first || undefined;
}

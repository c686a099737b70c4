import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Attributes } from '../instrumentation.js';
import { splitAuthority, splitTarget } from './url.js';

/** An incoming request, for every version of HTTP. */
export interface ServerRequest {
  /** The `Host` header, or the `:authority` of HTTP/2. */
  readonly authority: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Whether the request came over TLS. */
  readonly encrypted: boolean;
  readonly peer: Pick<Socket, 'remoteAddress' | 'remotePort'> | undefined;
}

/** The span attributes of the target of a request line, or of the `:path` of HTTP/2. */
export function targetAttributes(target: string): Attributes {
  const { path, query } = splitTarget(target);
  return { 'url.path': path, 'url.query': query };
}

/** The attributes of a connection, with the values that they were made from. */
interface Cached {
  readonly authority: string | undefined;
  readonly scheme: string;
  readonly forwardedFor: unknown;
  readonly userAgent: string | undefined;
  readonly attributes: Attributes;
}

const cache = new WeakMap<object, Cached>();

/**
 * The span attributes that identify the client and the server. Requests of one connection nearly always agree in them
 * and then share one object, which is encoded only once.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function connectionAttributes(request: ServerRequest, connection: object | undefined): Attributes {
  const { authority, headers, encrypted } = request;
  const { 'x-forwarded-for': forwardedFor, 'user-agent': userAgent } = headers;
  const scheme = schemeOf(headers, encrypted);
  const cached = connection === undefined ? undefined : cache.get(connection);
  const isSame =
    cached !== undefined &&
    cached.authority === authority &&
    cached.userAgent === userAgent &&
    cached.forwardedFor === forwardedFor &&
    cached.scheme === scheme;
  if (isSame) return cached.attributes;
  const attributes = attributesOf(request, scheme);
  if (connection !== undefined)
    cache.set(connection, { authority, scheme, forwardedFor, userAgent, attributes });
  return attributes;
}

function attributesOf({ authority, headers, peer }: ServerRequest, scheme: string): Attributes {
  const server = authority === undefined ? undefined : splitAuthority(authority, scheme);
  return {
    'server.address': server?.address,
    'server.port': server?.port,
    'client.address': clientAddress(headers) ?? peer?.remoteAddress,
    'network.peer.address': peer?.remoteAddress,
    'network.peer.port': peer?.remotePort,
    'user_agent.original': headers['user-agent'],
  };
}

/** The scheme that the client used, from a proxy or else from the socket. A label, so other values are ignored. */
export function schemeOf(headers: IncomingHttpHeaders, encrypted: boolean): 'http' | 'https' {
  const forwarded = headers['x-forwarded-proto'];
  if (forwarded === 'http' || forwarded === 'https') return forwarded;
  return encrypted ? 'https' : 'http';
}

function clientAddress(headers: IncomingHttpHeaders): string | undefined {
  const forwarded = headers['x-forwarded-for'];
  const first = typeof forwarded === 'string' ? forwarded.split(',', 1)[0]?.trim() : undefined;
  return first || undefined;
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Attributes } from '../instrumentation.js';
import { splitAuthority, splitTarget } from './url.js';

/** What arrived, whatever the version of HTTP. */
export interface ServerRequest {
  /** The `Host` header, or the `:authority` of HTTP/2. */
  readonly authority: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Whether this came over TLS. */
  readonly encrypted: boolean;
  readonly peer: Pick<Socket, 'remoteAddress' | 'remotePort'> | undefined;
}

/** The span attributes of the target of a request line, or of the `:path` of HTTP/2. */
export function targetAttributes(target: string): Attributes {
  const { path, query } = splitTarget(target);
  return { 'url.path': path, 'url.query': query };
}

/** What the attributes of a connection were made from, and the attributes. */
interface Known {
  readonly authority: string | undefined;
  readonly scheme: string;
  readonly forwardedFor: unknown;
  readonly userAgent: string | undefined;
  readonly attributes: Attributes;
}

const knownByConnection = new WeakMap<object, Known>();

/**
 * The span attributes that say who asks whom. They are the same object for as long as the requests of a connection
 * do not differ in them, which is nearly always.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function connectionAttributes(request: ServerRequest, connection: object | undefined): Attributes {
  const { authority, headers, encrypted } = request;
  const { 'x-forwarded-for': forwardedFor, 'user-agent': userAgent } = headers;
  const scheme = schemeOf(headers, encrypted);
  const known = connection === undefined ? undefined : knownByConnection.get(connection);
  const isSame =
    known !== undefined &&
    known.authority === authority &&
    known.userAgent === userAgent &&
    known.forwardedFor === forwardedFor &&
    known.scheme === scheme;
  if (isSame) return known.attributes;
  const attributes = attributesOf(request, scheme);
  if (connection !== undefined)
    knownByConnection.set(connection, { authority, scheme, forwardedFor, userAgent, attributes });
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

/** The scheme that the client used. A proxy in front says so, else the socket does. There are only two values. */
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

import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Attributes, Shared } from '../instrumentation.js';
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

/**
 * The labels of an HTTP server call; those that it will have are there already, so that all calls have one shape.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server
 */
export function labelServerRequest(
  request: Pick<ServerRequest, 'headers' | 'encrypted'>,
  version: string,
): Attributes {
  return {
    'http.request.method': undefined,
    'url.scheme': schemeOf(request),
    'http.route': undefined,
    'http.response.status_code': undefined,
    'network.protocol.version': version,
    'error.type': undefined,
  };
}

/** What the span of an HTTP server call tells of the target of a request line, or of the `:path` of HTTP/2. */
export function targetAttributes(target: string): Attributes {
  const { path, query } = splitTarget(target);
  return { 'url.path': path, 'url.query': query };
}

interface Parties extends Shared {
  readonly authority: string | undefined;
  readonly scheme: string;
  readonly forwardedFor: unknown;
  readonly userAgent: string | undefined;
}

/** By connection. */
const known = new WeakMap<object, Parties>();

/**
 * What the span of an HTTP server call tells of who asks whom. The requests of one connection mostly tell the same:
 * then this is the same object.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function connectionAttributes(request: ServerRequest, connection: object | undefined): Shared {
  const { authority, headers } = request;
  const { 'x-forwarded-for': forwardedFor, 'user-agent': userAgent } = headers;
  const scheme = schemeOf(request);
  const before = connection === undefined ? undefined : known.get(connection);
  const isSame =
    before !== undefined &&
    before.authority === authority &&
    before.userAgent === userAgent &&
    before.forwardedFor === forwardedFor &&
    before.scheme === scheme;
  if (isSame) return before;
  const attributes = attributesOf(request, scheme);
  const parties = { authority, scheme, forwardedFor, userAgent, attributes, encoded: undefined };
  if (connection !== undefined) known.set(connection, parties);
  return parties;
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

import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Attributes } from '../instrumentation.js';
import { forwarded } from './forwarded.js';
import { peerOf } from './peer.js';
import { splitAuthority, splitTarget } from './url.js';

/** An incoming request, for every version of HTTP. */
export interface ServerRequest {
  /** The `Host` header, or the `:authority` of HTTP/2. */
  readonly authority: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Whether the request came over TLS. */
  readonly encrypted: boolean;
  readonly socket: Socket | undefined;
}

/** The span attributes of the target of a request line, or of the `:path` of HTTP/2. */
export function targetAttributes(target: string): Attributes {
  const { path, query } = splitTarget(target);
  return { 'url.path': path, 'url.query': query };
}

/** The attributes of a connection, with the values that they were made from. */
interface Cached {
  readonly authority: string | undefined;
  readonly forwarded: unknown;
  readonly forwardedProto: unknown;
  readonly forwardedFor: unknown;
  readonly forwardedHost: unknown;
  readonly userAgent: string | undefined;
  readonly attributes: Attributes;
}

const cache = new WeakMap<object, Cached>();
/** A connection may stay idle for hours. Longer headers, which few clients send, are not kept for its next request. */
const MAX_CACHED_LENGTH = 512;

/**
 * The span attributes that identify the client and the server. Requests of one connection nearly always agree in them
 * and then share one object, which is encoded only once.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function connectionAttributes(request: ServerRequest, connection: object | undefined): Attributes {
  const { authority, headers } = request;
  const {
    forwarded,
    'x-forwarded-proto': forwardedProto,
    'x-forwarded-for': forwardedFor,
    'x-forwarded-host': forwardedHost,
    'user-agent': userAgent,
  } = headers;
  const cached = connection === undefined ? undefined : cache.get(connection);
  const isSame =
    cached !== undefined &&
    cached.authority === authority &&
    cached.userAgent === userAgent &&
    cached.forwarded === forwarded &&
    cached.forwardedProto === forwardedProto &&
    cached.forwardedFor === forwardedFor &&
    cached.forwardedHost === forwardedHost;
  if (isSame) return cached.attributes;
  const attributes = attributesOf(request);
  const texts = [authority, forwarded, forwardedProto, forwardedFor, forwardedHost, userAgent];
  if (connection !== undefined && lengthOf(texts) <= MAX_CACHED_LENGTH)
    cache.set(connection, {
      authority,
      forwarded,
      forwardedProto,
      forwardedFor,
      forwardedHost,
      userAgent,
      attributes,
    });
  return attributes;
}

function lengthOf(texts: readonly unknown[]): number {
  return texts.reduce<number>((sum, text) => sum + (text === undefined ? 0 : String(text).length), 0);
}

function attributesOf({ authority, headers, encrypted, socket }: ServerRequest): Attributes {
  const host = forwarded(headers, 'host') ?? authority;
  const server = host === undefined ? undefined : splitAuthority(host, schemeOf(headers, encrypted));
  const peer = socket === undefined ? undefined : peerOf(socket);
  return {
    'server.address': server?.address,
    'server.port': server?.port,
    'client.address': clientAddress(headers) ?? peer?.address,
    'network.peer.address': peer?.address,
    'network.peer.port': peer?.port,
    'user_agent.original': headers['user-agent'],
  };
}

/** The scheme that the client used, from a proxy or else from the socket. A label, so other values are ignored. */
export function schemeOf(headers: IncomingHttpHeaders, encrypted: boolean): 'http' | 'https' {
  const scheme = forwarded(headers, 'proto')?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return scheme;
  return encrypted ? 'https' : 'http';
}

/** Proxies write an address with or without a port, or hide it: `unknown`, `_name`. */
function clientAddress(headers: IncomingHttpHeaders): string | undefined {
  const client = forwarded(headers, 'for');
  if (client === undefined || client === 'unknown' || client.startsWith('_')) return undefined;
  return splitAuthority(client, '').address;
}

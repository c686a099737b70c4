import type { Attributes } from '../instrumentation.js';
import { mayBeLabel } from './named-servers.js';
import { type Authority, absoluteAuthority, origin, redactUrl, splitAuthority } from './url.js';

/** An outgoing request, for every version of HTTP. */
export interface ClientRequest {
  readonly method: string;
  /** What the request line asks for, or the `:path` of HTTP/2. The `:authority` of a CONNECT. */
  readonly target: string;
  /** That of the connection. */
  readonly scheme: string;
  /** The `Host` header, or the `:authority` of HTTP/2. */
  readonly host: string | undefined;
}

/**
 * The server that a request is for: in this order that of its target, of its `Host`, of its connection. A connection
 * may lead to a proxy or to one of many addresses. It still knows the port where a `Host` does not tell it. Beyond a
 * bounded number of names it is that of the connection.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function targetServer(request: ClientRequest, connection: Authority): Authority {
  const { address, port } = namedServer(request, connection);
  if (address === connection.address && port === connection.port) return connection;
  return mayBeLabel(`${address}:${port}`) ? { address, port } : connection;
}

function namedServer({ method, target, host }: ClientRequest, connection: Authority): Authority {
  const absolute = absoluteAuthority(target);
  if (absolute !== undefined) return absolute;
  if (method === 'CONNECT') return splitAuthority(target, '');
  if (!host) return connection;
  const named = splitAuthority(host, '');
  return named.port === undefined ? { address: named.address, port: connection.port } : named;
}

/** The span attributes of a target. A CONNECT and `OPTIONS *` have a URL without a path (RFC 9112, section 3.3). */
export function targetAttributes(request: ClientRequest, { address, port }: Authority): Attributes {
  const { method, target, scheme } = request;
  if (absoluteAuthority(target) !== undefined) return { 'url.full': redactUrl(target) };
  const path = method === 'CONNECT' || target === '*' ? '' : target;
  return { 'url.full': redactUrl(origin(scheme, address, port) + path) };
}

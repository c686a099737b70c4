import type { Attributes } from '../instrumentation.js';

/**
 * The labels of an HTTP client call; those that it will have are there already, so that all calls have one shape.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-client
 */
export function labelClientRequest(address?: string, port?: number, version?: string): Attributes {
  return {
    'http.request.method': undefined,
    'server.address': address,
    'server.port': port,
    'http.response.status_code': undefined,
    'network.protocol.version': version,
    'error.type': undefined,
  };
}

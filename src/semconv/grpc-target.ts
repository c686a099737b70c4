import { splitAuthority } from './url.js';

const SCHEME = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/]*)\/)?(.*)$/i;

/**
 * The `server.address` and `server.port` of a channel's target. A list of addresses and a target with a custom scheme
 * (`xds:`) are reported unchanged, without a port.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#client
 * @see https://github.com/grpc/grpc/blob/master/doc/naming.md
 */
export function splitGrpcTarget(target: string): { address: string; port: number | undefined } {
  const [, scheme = '', authority = '', endpoint = ''] = SCHEME.exec(target) ?? [];
  switch (scheme) {
    case 'dns':
    case 'ipv4':
    case 'ipv6':
      // Without a port, gRPC connects to the default port of HTTPS.
      return endpoint.includes(',')
        ? { address: target, port: undefined }
        : splitAuthority(endpoint, 'https');
    case 'unix':
      return { address: target.startsWith('unix://') ? `/${endpoint}` : endpoint, port: undefined };
    case 'unix-abstract':
      return { address: authority || endpoint, port: undefined };
    default:
      return { address: target, port: undefined };
  }
}

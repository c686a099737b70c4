import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { OtlpExporter } from '../../../config/config.js';

/** The TLS options of an exporter. Throws if one of its PEM files cannot be read. */
export function tlsOptions(
  { certificate, clientKey, clientCertificate }: OtlpExporter,
  host: string,
): ConnectionOptions {
  return {
    // An IP address must not be sent as a server name (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    ...(certificate !== undefined && { ca: readFileSync(certificate) }),
    ...(clientKey !== undefined && { key: readFileSync(clientKey) }),
    ...(clientCertificate !== undefined && { cert: readFileSync(clientCertificate) }),
  };
}

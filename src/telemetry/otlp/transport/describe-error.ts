import type { OtlpExporter } from '../../../config/config.js';
import { withoutCredentials } from '../../../semconv/url.js';

/** The endpoint of a failed attempt. */
export interface Peer extends Pick<OtlpExporter, 'protocol' | 'endpoint'> {
  /** Whether it has answered before. If so, its protocol and scheme are right. */
  readonly hasAnswered: boolean;
}

export const USE_HTTP = 'for OTLP over HTTP, set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf';
const USE_GRPC = 'for OTLP over gRPC, set OTEL_EXPORTER_OTLP_PROTOCOL=grpc';
export const USE_HTTPS = 'this port expects TLS; use https:// instead of http://';
const USE_PLAIN = 'this port does not use TLS; use http:// instead of https://';
const NOT_GRPC = `this port does not speak gRPC; ${USE_HTTP}`;
const NOT_HTTP = 'this port does not answer in HTTP';
const TRUST = 'OTEL_EXPORTER_OTLP_CERTIFICATE can name the authority to trust';

const SYSTEM_CODE = /^E[A-Z]+$/;
/** `error:<number>:<library>:<function>:<reason>`, as OpenSSL writes it. */
const OPENSSL = /error:[\dA-F]+:([^:]*):[^:]*:([^:\n]+)/;
/** What OpenSSL reports of an answer that is not TLS. */
const NOT_TLS = new Set(['wrong version number', 'packet length too long', 'http request']);
const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;
const SETTINGS_FRAME = 4;
const TLS_ALERT = 21;

interface NodeError extends NodeJS.ErrnoException {
  /** The bytes that the HTTP parser does not understand. */
  readonly rawPacket?: Buffer;
}

/** Says in plain words why an attempt failed, and which setting would mend it. */
export function describeError(error: unknown, peer?: Peer): string {
  // HTTP/2 wraps the error of the connection in an error of the stream.
  const { code = '', path, message, rawPacket } = ((error as Error).cause ?? error) as NodeError;
  const [, library, reason] = OPENSSL.exec(message) ?? [];
  if (library === 'SSL routines' && reason !== undefined) return describeTls(reason, peer);
  if (reason !== undefined) return `the PEM files of the exporter cannot be used: ${reason}`;
  if (UNTRUSTED.test(code)) return `${message}; ${TRUST}`;
  if (code === 'ERR_HTTP2_ERROR' && peer?.hasAnswered === false) return NOT_GRPC;
  if (rawPacket !== undefined) return describeAnswer(rawPacket);
  return path === undefined && SYSTEM_CODE.test(code) ? code : withoutCredentials(message);
}

function describeTls(reason: string, peer: Peer | undefined): string {
  if (NOT_TLS.has(reason)) return USE_PLAIN;
  if (reason.endsWith('no application protocol')) {
    return peer?.protocol === 'grpc' ? NOT_GRPC : `this port does not speak HTTP/1.1; ${USE_GRPC}`;
  }
  return `TLS: ${reason}`;
}

/** Describes the first bytes of an answer that is not HTTP/1. */
function describeAnswer(bytes: Buffer): string {
  if (bytes[0] === TLS_ALERT) return USE_HTTPS;
  return bytes[0] === 0 && bytes[3] === SETTINGS_FRAME
    ? `this port speaks HTTP/2 only; ${USE_GRPC}`
    : NOT_HTTP;
}

/** What a connection that was closed without an answer may mean. A port that expects TLS often just closes it. */
export function describeClosed(what: string, { endpoint, hasAnswered }: Peer): string {
  const mayExpectTls = !hasAnswered && endpoint.startsWith('http:');
  return mayExpectTls ? `${what}; if this port expects TLS, use https:// instead of http://` : what;
}

import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import type { OtlpExporter, Signal } from '../../../config/config.js';
import { defaultPort, withoutBrackets } from '../../../semconv/url.js';
import { attempt } from './attempt.js';
import { type ExportResponse, unreachable } from './export-response.js';
import { type GrpcAnswer, judge } from './grpc-status.js';
import { gzip } from './gzip.js';
import { tlsOptions } from './tls.js';
import { type Body, MAX_RESPONSE_BYTES, sizeOf, type Transport } from './transport.js';
import { USER_AGENT } from './user-agent.js';

const METHODS: Record<Signal, string> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const PREFIX_BYTES = 5;
/** Resets after which the same request may succeed: REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM. */
const PASSING_RESETS = new Set([7, 8, 11]);

/**
 * OTLP over unary gRPC, on HTTP/2 of Node itself. One connection is kept for all calls and made anew when it is lost.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function openGrpc(exporter: OtlpExporter, signal: Signal): Transport {
  const compressed = exporter.compression === 'gzip';
  const headers = {
    ':method': 'POST',
    ':path': METHODS[signal],
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': USER_AGENT,
    'grpc-timeout': `${Math.min(exporter.timeoutMs, 99_999_999)}m`,
    ...(compressed && { 'grpc-encoding': 'gzip' }),
    ...exporter.headers,
  };
  let connection: Connection | undefined;

  return {
    async send(body) {
      const message = frame(compressed ? [await gzip(body)] : body, compressed);
      return attempt(exporter.timeoutMs, (settle) => {
        if (connection === undefined || !isUsable(connection)) connection = connect(exporter);
        const { session, socket } = connection;
        call(session.request(headers), message, settle);
        // A connection that does not answer is not trusted with the next call either.
        return () => socket.destroy();
      });
    },
    close() {
      connection?.socket.destroy();
      connection = undefined;
    },
  };
}

interface Connection {
  readonly session: ClientHttp2Session;
  /** Kept because a session that is still connecting cannot be destroyed except by its socket. */
  readonly socket: Socket;
}

function connect(exporter: OtlpExporter): Connection {
  const url = new URL(exporter.endpoint);
  const secure = url.protocol === 'https:';
  const host = withoutBrackets(url.hostname);
  const port = Number(url.port) || defaultPort(secure ? 'https' : 'http');
  const socket = secure
    ? process
        .getBuiltinModule('node:tls')
        .connect({ host, port, ALPNProtocols: ['h2'], ...tlsOptions(exporter, host) })
    : connectSocket({ host, port });
  socket.unref();

  // Not imported: it costs a start some 10 ms that only the first export owes.
  const http2 = process.getBuiltinModule('node:http2');
  const session = http2.connect(url.origin, { createConnection: () => socket });
  // Every call in flight hears of it by its own stream.
  session.on('error', () => {});
  session.on('close', () => socket.destroy());
  return { session, socket };
}

/** After GOAWAY a session is closed, though it still finishes what is under way. */
function isUsable({ session, socket }: Connection): boolean {
  return !session.closed && !socket.destroyed;
}

function call(stream: ClientHttp2Stream, message: Body, settle: (result: ExportResponse) => void): void {
  let answer: GrpcAnswer = {};
  const received: Buffer[] = [];
  let size = 0;
  stream.on('response', (headers) => {
    answer = headers as GrpcAnswer;
  });
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_RESPONSE_BYTES) received.push(chunk);
  });
  stream.on('trailers', (trailers) => {
    answer = { ...answer, ...trailers };
  });
  stream.on('error', (error) => settle(broken(stream, error)));
  stream.on('close', () => {
    settle(
      isCutOff(answer, stream)
        ? unreachable(new Error('connection closed'))
        : judge(answer, unframe(Buffer.concat(received))),
    );
  });
  stream.cork();
  for (const piece of message) stream.write(piece);
  stream.end();
}

/** The connection went away before the answer was complete. */
function isCutOff(answer: GrpcAnswer, { rstCode = 0 }: ClientHttp2Stream): boolean {
  return answer[':status'] === undefined || (answer['grpc-status'] === undefined && rstCode !== 0);
}

function broken(stream: ClientHttp2Stream, error: NodeJS.ErrnoException): ExportResponse {
  const refused = error.code === 'ERR_HTTP2_STREAM_ERROR' && !PASSING_RESETS.has(stream.rstCode ?? 0);
  return refused ? { status: 'failure', reason: error.message } : unreachable(error);
}

/** A gRPC message: one byte for "compressed", four for its length, then itself. */
function frame(message: Body, compressed: boolean): Body {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt8(compressed ? 1 : 0, 0);
  prefix.writeUInt32BE(sizeOf(message), 1);
  return [prefix, ...message];
}

/** The message of a unary answer. It is never compressed, for we do not offer to accept that. */
function unframe(framed: Buffer): Uint8Array {
  return framed.length < PREFIX_BYTES
    ? framed.subarray(0, 0)
    : framed.subarray(PREFIX_BYTES, PREFIX_BYTES + framed.readUInt32BE(1));
}

import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import type { OtlpExporter, Signal } from '../../../config/config.js';
import { defaultPort, withoutBrackets } from '../../../semconv/url.js';
import { attempt } from './attempt.js';
import { describeClosed, describeError, type Peer } from './describe-error.js';
import { type ExportResponse, unanswered } from './export-response.js';
import { classifyGrpcAnswer, type GrpcAnswer } from './grpc-status.js';
import { gzip } from './gzip.js';
import { tlsOptions } from './tls.js';
import { type Body, MAX_RESPONSE_BYTES, sizeOf, type Transport } from './transport.js';
import { USER_AGENT } from './user-agent.js';

const METHODS: Record<Signal, string> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const PREFIX_BYTES = 5;
/** Resets after which the same request may succeed later: REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM. */
const RETRYABLE_RESETS = new Set([7, 8, 11]);

/**
 * OTLP over unary gRPC, on Node's own HTTP/2. All calls share one connection, which is reopened when it is lost.
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
  let hasAnswered = false;
  const describe: Describe = (error) => {
    const peer: Peer = { ...exporter, hasAnswered };
    return error === undefined ? describeClosed('connection closed', peer) : describeError(error, peer);
  };

  const reconnect = (): Connection => {
    const opened = connect(exporter);
    opened.session.on('remoteSettings', () => {
      hasAnswered = true;
    });
    return opened;
  };

  return {
    async send(body) {
      const message = frame(compressed ? [await gzip(body)] : body, compressed);
      return attempt(exporter.timeoutMs, (settle) => {
        if (connection === undefined || !isUsable(connection)) connection = reconnect();
        const used = connection;
        const unansweredBy: Unanswered = (error) => unanswered(describe(error), used.isOpen);
        call(used.session.request(headers), message, unansweredBy, settle);
        return {
          isSent: () => used.isOpen,
          // The next call must not reuse a connection that did not answer.
          abort: () => void used.socket.destroy(),
        };
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
  /** Kept because a session that is still connecting can only be destroyed through its socket. */
  readonly socket: Socket;
  /** Whether it has ever been established. */
  isOpen: boolean;
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

  // Not imported: loading it takes about 10 ms, which only the first export should pay.
  const http2 = process.getBuiltinModule('node:http2');
  const session = http2.connect(url.origin, { createConnection: () => socket });
  // Every call in flight receives the error from its own stream.
  session.on('error', () => {});
  session.on('close', () => socket.destroy());
  const connection = { session, socket, isOpen: false };
  session.on('connect', () => {
    connection.isOpen = true;
  });
  return connection;
}

/** After GOAWAY a session counts as closed, although it still finishes the calls in flight. */
function isUsable({ session, socket }: Connection): boolean {
  return !session.closed && !socket.destroyed;
}

/** Says why a call failed: because of an error, or because the connection was closed. */
type Describe = (error?: NodeJS.ErrnoException) => string;
/** The result of a call that failed like that. */
type Unanswered = (error?: NodeJS.ErrnoException) => ExportResponse;

function call(
  stream: ClientHttp2Stream,
  message: Body,
  unansweredBy: Unanswered,
  settle: (result: ExportResponse) => void,
): void {
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
  stream.on('error', (error) => settle(streamError(stream, error, unansweredBy)));
  stream.on('close', () => {
    settle(
      isCutOff(answer, stream)
        ? unansweredBy()
        : classifyGrpcAnswer(answer, unframe(Buffer.concat(received))),
    );
  });
  stream.cork();
  for (const piece of message) stream.write(piece);
  stream.end();
}

/** Whether the connection closed before the answer was complete. */
function isCutOff(answer: GrpcAnswer, { rstCode = 0 }: ClientHttp2Stream): boolean {
  return answer[':status'] === undefined || (answer['grpc-status'] === undefined && rstCode !== 0);
}

function streamError(
  stream: ClientHttp2Stream,
  error: NodeJS.ErrnoException,
  unansweredBy: Unanswered,
): ExportResponse {
  const refused = error.code === 'ERR_HTTP2_STREAM_ERROR' && !RETRYABLE_RESETS.has(stream.rstCode ?? 0);
  return refused ? { status: 'failure', reason: error.message } : unansweredBy(error);
}

/** Frames a gRPC message: one byte for the compressed flag, four for the length, then the message. */
function frame(message: Body, compressed: boolean): Body {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt8(compressed ? 1 : 0, 0);
  prefix.writeUInt32BE(sizeOf(message), 1);
  return [prefix, ...message];
}

/** The message of a unary answer. It is never compressed, because the request does not offer to accept compression. */
function unframe(framed: Buffer): Uint8Array {
  return framed.length < PREFIX_BYTES
    ? framed.subarray(0, 0)
    : framed.subarray(PREFIX_BYTES, PREFIX_BYTES + framed.readUInt32BE(1));
}

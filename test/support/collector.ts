/**
 * A real OTLP receiver for tests, on loopback and free ports: gRPC (HTTP/2) at `url`, HTTP/protobuf at `httpUrl` plus
 * `/v1/traces` or `/v1/metrics`. It keeps what it receives as plain objects (see otlp.ts for their shape).
 *
 * ```ts
 * const collector = await startCollector();
 * // ... run the application with OTEL_EXPORTER_OTLP_ENDPOINT: collector.url ...
 * const [span] = await collector.waitForSpans(1);
 * collector.answer({ grpcStatus: 14 });   // from now on UNAVAILABLE; answer({}) is success again
 * await collector.close();
 * ```
 *
 * Every request is kept in `requests`, but the spans and metrics of a rejected request are not kept.
 */
import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { decodeMetrics, decodeSpans, type ReceivedMetric, type ReceivedSpan } from './otlp.js';
import { writeMessage } from './protobuf.js';

export type { ReceivedMetric, ReceivedSpan } from './otlp.js';

export interface CollectorOptions {
  /** The address to listen on. Loopback by default. */
  readonly host?: string;
  /** The port for gRPC, so that a collector can come back on the port of an earlier one. Any free port by default. */
  readonly port?: number;
  readonly httpPort?: number;
  /** PEM texts. With `ca`, clients must present a certificate that it has signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
}

/** How requests are answered from now on. An absent field behaves as in a healthy collector. */
export interface Answer {
  /** No answer at all. */
  readonly hang?: boolean;
  /** Milliseconds before the answer. */
  readonly delayMs?: number;
  readonly grpcStatus?: number;
  readonly grpcMessage?: string;
  /** `google.rpc.RetryInfo` in the gRPC status, in milliseconds. */
  readonly retryDelayMs?: number;
  /** The status over HTTP. Over gRPC, the HTTP status of a proxy that does not know gRPC. */
  readonly httpStatus?: number;
  readonly retryAfter?: string;
  /** Partial success: this many spans are rejected, with this message. */
  readonly rejected?: number;
  readonly message?: string;
}

export interface ReceivedRequest {
  readonly protocol: 'grpc' | 'http';
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The bytes of the export request, uncompressed. */
  readonly body: Buffer;
}

export interface Collector {
  /** `http://host:port`, or `https://localhost:port` with TLS. */
  readonly url: string;
  /** Without a path. */
  readonly httpUrl: string;
  readonly port: number;
  readonly httpPort: number;
  readonly spans: ReceivedSpan[];
  readonly metrics: ReceivedMetric[];
  readonly requests: ReceivedRequest[];
  /** How many connections have been opened so far. */
  readonly connections: number;
  /** The versions of TLS that its clients have agreed on. */
  readonly tlsVersions: Set<string>;
  /** From now on. A function decides for each request. */
  answer(answer: Answer | ((request: ReceivedRequest) => Answer)): void;
  /** Resolves when at least this many spans have arrived; rejects after `timeoutMs`. */
  waitForSpans(count: number, timeoutMs?: number): Promise<ReceivedSpan[]>;
  waitForMetrics(count: number, timeoutMs?: number): Promise<ReceivedMetric[]>;
  waitForRequests(count: number, timeoutMs?: number): Promise<ReceivedRequest[]>;
  /** Asks all gRPC clients to disconnect (GOAWAY), as a collector does in an orderly shutdown. */
  goAway(): void;
  /** Closes all connections and stops. */
  close(): Promise<void>;
}

const TRACES = /\/(v1\/traces|opentelemetry\.proto\.collector\.trace\.v1\.TraceService\/Export)$/;
const METRICS = /\/(v1\/metrics|opentelemetry\.proto\.collector\.metrics\.v1\.MetricsService\/Export)$/;

export async function startCollector({
  host = '127.0.0.1',
  port = 0,
  httpPort = 0,
  tls,
}: CollectorOptions = {}): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Set<http2.ServerHttp2Session>();
  const tlsVersions = new Set<string>();
  const waiting = new Set<() => void>();
  let connections = 0;
  let current: (request: ReceivedRequest) => Answer = () => ({});

  const keep = (request: ReceivedRequest, accepted: boolean): void => {
    requests.push(request);
    if (accepted && TRACES.test(request.path)) spans.push(...decodeSpans(request.body));
    if (accepted && METRICS.test(request.path)) metrics.push(...decodeMetrics(request.body));
    for (const check of waiting) check();
  };

  const grpcServer = tls ? http2.createSecureServer(secure(tls)) : http2.createServer();
  grpcServer.on('session', (session: http2.ServerHttp2Session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  grpcServer.on('stream', async (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {});
    const framed = await readAll(stream);
    if (framed === undefined) return;
    const body = unframe(framed, headers['grpc-encoding']);
    const { ':path': path = '' } = headers;
    const request = { protocol: 'grpc', path, headers, body } as const;
    const answer = current(request);
    const accepted =
      (answer.grpcStatus ?? 0) === 0 && answer.httpStatus === undefined && answer.hang !== true;
    keep(request, accepted);
    await pause(answer);
    if (!answer.hang && !stream.destroyed)
      answerGrpc(stream, answer, TRACES.test(path) || METRICS.test(path));
  });

  const onRequest: http.RequestListener = async (request, response) => {
    const sent = await readAll(request);
    if (sent === undefined) return;
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const received = { protocol: 'http', path: request.url ?? '', headers: request.headers, body } as const;
    const answer = current(received);
    const { httpStatus = 200 } = answer;
    keep(received, httpStatus === 200 && !answer.hang);
    await pause(answer);
    if (answer.hang) return;
    const retry = answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter };
    response.writeHead(httpStatus, { 'content-type': 'application/x-protobuf', ...retry });
    response.end(httpStatus === 200 ? responseBody(answer) : undefined);
  };
  const httpServer = tls ? https.createServer(secure(tls), onRequest) : http.createServer(onRequest);

  for (const server of [grpcServer, httpServer] as Server[]) {
    server.on('secureConnection', (socket: TLSSocket) => tlsVersions.add(socket.getProtocol() ?? ''));
    server.on('connection', (socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
    });
  }
  const ports = [await listen(grpcServer, host, port), await listen(httpServer, host, httpPort)] as const;
  const origin = tls ? 'https://localhost' : `http://${host}`;

  const waitFor = <T>(what: string, list: T[], count: number, timeoutMs: number): Promise<T[]> =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        waiting.delete(check);
      };
      const check = () => {
        if (list.length < count) return;
        stop();
        resolve(list);
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`the collector has ${list.length} of ${count} ${what} after ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.add(check);
      check();
    });

  return {
    url: `${origin}:${ports[0]}`,
    httpUrl: `${origin}:${ports[1]}`,
    port: ports[0],
    httpPort: ports[1],
    spans,
    metrics,
    requests,
    tlsVersions,
    get connections() {
      return connections;
    },
    answer(answer) {
      current = typeof answer === 'function' ? answer : () => answer;
    },
    waitForSpans: (count, timeoutMs = 10_000) => waitFor('spans', spans, count, timeoutMs),
    waitForMetrics: (count, timeoutMs = 10_000) => waitFor('metrics', metrics, count, timeoutMs),
    waitForRequests: (count, timeoutMs = 10_000) => waitFor('requests', requests, count, timeoutMs),
    goAway() {
      for (const session of sessions) session.goaway();
    },
    async close() {
      const closed = [grpcServer, httpServer].map(
        (server) => new Promise((resolve) => server.close(resolve)),
      );
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function secure(tls: NonNullable<CollectorOptions['tls']>): https.ServerOptions {
  return { ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined };
}

async function listen(
  server: http.Server | http2.Http2Server | https.Server,
  host: string,
  port: number,
): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** All the bytes of a request, or `undefined` if it is aborted. */
async function readAll(readable: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of readable) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

async function pause({ delayMs }: Answer): Promise<void> {
  if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
}

function unframe(framed: Buffer, encoding: string | string[] | undefined): Buffer {
  const length = framed.readUInt32BE(1);
  if (framed.length !== length + 5)
    throw new RangeError(`${framed.length} bytes hold a message of ${length}`);
  const message = framed.subarray(5);
  return framed.readUInt8(0) === 1 && encoding === 'gzip' ? gunzipSync(message) : message;
}

function answerGrpc(stream: http2.ServerHttp2Stream, answer: Answer, known: boolean): void {
  const type = { 'content-type': 'application/grpc' };
  if (answer.httpStatus !== undefined) {
    stream.respond({ ':status': answer.httpStatus }, { endStream: true });
  } else if (!known || (answer.grpcStatus ?? 0) !== 0) {
    // Without a body, the status is in the headers ("trailers-only").
    stream.respond(
      { ':status': 200, ...type, ...status(known ? answer : { grpcStatus: 12 }) },
      { endStream: true },
    );
  } else {
    const message = responseBody(answer);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.respond({ ':status': 200, ...type }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat([prefix, message]));
  }
}

function status({ grpcStatus = 0, grpcMessage = '', retryDelayMs }: Answer): Record<string, string> {
  const headers = { 'grpc-status': String(grpcStatus), 'grpc-message': encodeURIComponent(grpcMessage) };
  if (retryDelayMs === undefined) return headers;
  const duration = writeMessage({ 1: Math.floor(retryDelayMs / 1000), 2: (retryDelayMs % 1000) * 1_000_000 });
  const detail = writeMessage({
    1: 'type.googleapis.com/google.rpc.RetryInfo',
    2: writeMessage({ 1: duration }),
  });
  const details = writeMessage({ 1: grpcStatus, 2: grpcMessage, 3: detail });
  return { ...headers, 'grpc-status-details-bin': details.toString('base64') };
}

/** `Export*ServiceResponse`, the same bytes for traces and metrics. */
function responseBody({ rejected, message }: Answer): Buffer {
  if (rejected === undefined && message === undefined) return Buffer.alloc(0);
  return writeMessage({ 1: writeMessage({ 1: rejected ?? 0, 2: message ?? '' }) });
}

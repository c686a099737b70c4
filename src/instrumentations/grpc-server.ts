import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Attributes, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { isGrpc, isMostlyOver, methodOf, statusName, timeoutOf } from '../semconv/grpc.js';
import { MessageCounter } from '../semconv/grpc-messages.js';
import { KnownMethods } from '../semconv/grpc-methods.js';
import { RPC_SERVER } from '../semconv/rpc.js';
import { splitAuthority } from '../semconv/url.js';
import { type ObservedRequest, observeServerStreams } from './http2/server-streams.js';

/**
 * gRPC servers, observed at the HTTP/2 streams below them, so that applications bundled into one file are covered too.
 * A call begins with the request headers and ends when its stream closes, even if the client has left.
 */
export const grpcServer: Instrumentation = {
  name: 'grpc-server',
  aliases: ['grpc'],
  observes: 'Servers of gRPC over node:http2',
  conventions: [RPC_SERVER],
  targets: [
    {
      builtin: 'node:http2',
      attach(_http2, calls, guard) {
        const boundary = {
          open: guard((stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: Http2Session) =>
            open(stream, headers, session, calls),
          ),
          disown: guard(disown),
          end: guard(end),
          received: guard(({ messages }: Request, chunk: Uint8Array) => messages?.received.add(chunk)),
          sent: guard(({ messages }: Request, chunk: Uint8Array) => messages?.sent.add(chunk)),
        };
        observeServerStreams(boundary, calls);
      },
    },
    {
      package: '@grpc/grpc-js',
      versions: '^1.8.0',
      file: 'build/src/index.js',
      attach: ({ Server }, _calls, guard) => rememberRegistered(Server.prototype, guard),
    },
  ],
};

interface Request extends ObservedRequest {
  readonly headers: IncomingHttpHeaders;
  /** The methods of its server, if they were registered. */
  readonly methods: Map<string, string> | undefined;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** How long the client waits, in seconds: its `grpc-timeout`. */
  readonly timeout: number | undefined;
  /** Counted only when a span is recorded. */
  readonly messages: { readonly received: MessageCounter; readonly sent: MessageCounter } | undefined;
}

/** The methods that are registered with a server of grpc-js, by path. Its servers of node:http2 have them too. */
const registered = privateField<Map<string, string>>();

/**
 * What is known of all other servers, whose methods nobody registers: Connect, one made by hand, a bundled grpc-js. A
 * method exists once it has been answered with OK; any other status may be the answer to every path.
 */
const answered = new KnownMethods();

type Register = (this: object, path: string, ...rest: unknown[]) => boolean;
type SetUpHandlers = (this: object, http2Server: object, ...rest: unknown[]) => void;

function rememberRegistered(prototype: object, guard: Guard): void {
  const remember = guard((server: object, path: unknown) => {
    if (typeof path === 'string') registeredWith(server).set(path, methodOf(path));
  });
  patch<Register>(
    prototype,
    'register',
    (register) =>
      function (path, ...rest) {
        remember(this, path);
        return register.call(this, path, ...rest);
      },
  );
  // Connects a server of grpc-js with each of its servers of node:http2. Without it, methods are known by their answers.
  if (!('_setupHandlers' in prototype)) return;
  const connect = guard((server: object, http2Server: object) =>
    registered.set(http2Server, registeredWith(server)),
  );
  patch<SetUpHandlers>(
    prototype,
    '_setupHandlers',
    (setUpHandlers) =>
      function (http2Server, ...rest) {
        connect(this, http2Server);
        setUpHandlers.call(this, http2Server, ...rest);
      },
  );
}

function registeredWith(server: object): Map<string, string> {
  const known = registered.get(server);
  if (known !== undefined) return known;
  const methods = new Map<string, string>();
  registered.set(server, methods);
  return methods;
}

/** The server of a session. Node's types lack it. */
function serverOf(session: Http2Session): object | undefined {
  return (session as Http2Session & { readonly server?: object }).server;
}

function open(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: Http2Session,
  calls: Calls,
): Request | undefined {
  if (!isGrpc(headers)) return undefined;
  const path = headers[':path'] ?? '';
  const methods = registered.get(serverOf(session));
  const route = (methods ?? answered).get(path);
  const timeout = timeoutOf(headers['grpc-timeout']);
  const openedAt = Date.now();
  const call = calls.open({
    kind: 'server',
    convention: RPC_SERVER,
    operation: route ?? methodOf(path),
    route,
    subjects: [stream],
    extractFrom: headers,
    deadline: timeout === undefined ? undefined : openedAt + timeout * 1000,
    attributes: { 'rpc.system.name': 'grpc' },
    spanAttributes: () => spanAttributes(headers, timeout),
  });
  if (call === undefined) return undefined;
  const messages = call.isRecorded
    ? { received: new MessageCounter(), sent: new MessageCounter() }
    : undefined;
  return { call, headers, methods, openedAt, timeout, messages };
}

function spanAttributes(headers: IncomingHttpHeaders, timeout: number | undefined): Attributes {
  const { address, port } = splitAuthority(headers[':authority'] ?? '', headers[':scheme'] ?? '');
  return { 'server.address': address || undefined, 'server.port': port, 'redhook.grpc.timeout': timeout };
}

/** The servers that have answered with gRPC. */
const speakGrpc = privateField<true>();

/**
 * A client may call any request gRPC; the answer decides. A request without an answer is what its server speaks. Where
 * HTTP is not observed, it stays what the client has called it.
 */
function disown(
  { headers, methods }: Request,
  stream: ServerHttp2Stream,
  session: Http2Session,
): IncomingHttpHeaders | undefined {
  if (methods !== undefined) return undefined;
  const server = serverOf(session) ?? session;
  const { sentHeaders } = stream;
  const isAnswered = sentHeaders?.[':status'] !== undefined;
  if (!isAnswered) return speakGrpc.get(server) ? undefined : headers;
  if (!isGrpc(sentHeaders) && statusOf(stream) === undefined) return headers;
  speakGrpc.set(server, true);
  return undefined;
}

/** The error code with which a client cancels a stream (RFC 9113, section 7). */
const NGHTTP2_CANCEL = 8;

function end(request: Request, stream: ServerHttp2Stream, session: Http2Session): void {
  const { call, messages } = request;
  if (messages !== undefined)
    call.set({
      'redhook.grpc.messages.sent': messages.sent.count,
      'redhook.grpc.messages.received': messages.received.count,
    });
  const code = statusOf(stream);
  call.name(nameOf(request, code));
  call.end({ code: code ?? statusOfBrokenStream(stream, session, request) });
}

/** The status is in the trailers, or in the headers of a response without a body. */
function statusOf({ sentTrailers, sentHeaders }: ServerHttp2Stream): string | undefined {
  const sent = sentTrailers?.['grpc-status'] ?? sentHeaders?.['grpc-status'];
  return sent === undefined ? undefined : statusName(String(sent));
}

/**
 * Without a status, either the client has left, by a reset or with its connection, or the server has broken the stream
 * off. At the deadline either is DEADLINE_EXCEEDED, no matter whether the client's reset or the server's own timer came
 * first: a server of Connect breaks the stream off.
 */
function statusOfBrokenStream(
  { aborted, rstCode }: ServerHttp2Stream,
  session: Http2Session,
  { openedAt, timeout }: Request,
): string {
  if (isMostlyOver(timeout, openedAt)) return 'DEADLINE_EXCEEDED';
  const hasClientLeft = rstCode === NGHTTP2_CANCEL || (aborted && (rstCode === 0 || session.destroyed));
  return hasClientLeft ? 'CANCELLED' : 'UNKNOWN';
}

/** A router may have named the call too, but the route of an HTTP request is not the name of a method. */
function nameOf({ headers, methods }: Request, code: string | undefined): string | undefined {
  const path = headers[':path'] ?? '';
  if (methods !== undefined) return methods.get(path);
  if (code === 'OK') answered.add(path);
  return answered.get(path);
}

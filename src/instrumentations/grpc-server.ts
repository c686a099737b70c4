import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Attributes, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { isGrpc, isMostlyOver, methodOf, statusName, timeoutOf } from '../semconv/grpc.js';
import { MessageCounter } from '../semconv/grpc-messages.js';
import { KnownMethods } from '../semconv/grpc-methods.js';
import { RPC_SERVER } from '../semconv/rpc.js';
import { splitAuthority } from '../semconv/url.js';
import { type FollowedCall, followServerCalls, type MessageCounts } from './grpc/server-calls.js';
import { type ObservedRequest, observeServerStreams } from './http2/server-streams.js';

/**
 * gRPC servers. A call begins with the headers of its HTTP/2 stream. Calls of methods of grpc-js, from 1.10 on, are followed by
 * their own events, the last of which ends them. All others are followed at their streams, and end when those close: methods
 * that do not exist, older versions, applications that are bundled, other servers.
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
    {
      package: '@grpc/grpc-js',
      versions: '^1.10.0',
      file: 'build/src/server-interceptors.js',
      attach: ({ BaseServerInterceptingCall }, calls, guard) =>
        followServerCalls(
          BaseServerInterceptingCall.prototype,
          (call) => claim(call, calls),
          (call) => counted.get(call),
          guard,
        ),
    },
  ],
};

interface Request extends ObservedRequest {
  otherwise: ObservedRequest['otherwise'];
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  readonly session: Http2Session;
  /** What its server has registered. */
  readonly service: Service | undefined;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** How long the client waits, in seconds: its `grpc-timeout`. */
  readonly timeout: number | undefined;
  /** Counted only when a span is recorded. */
  readonly messages: { readonly received: MessageCounter; readonly sent: MessageCounter } | undefined;
}

/** What is known of a server of grpc-js. */
interface Service {
  /** The names of the methods that are registered with it, by path. */
  readonly methods: Map<string, string>;
  /** Whether its calls have events of their own: since there are interceptors. */
  readonly hasEvents: boolean;
}

/** On a server of grpc-js, and on its servers of node:http2. */
const services = privateField<Service>();

/** On a call that may be followed by its events. */
const requests = privateField<Request>();
/** On a call of grpc-js that is followed, and whose messages are counted. */
const counted = privateField<MessageCounts>();

/**
 * What is known of all other servers, whose methods nobody registers: Connect, one made by hand, a bundled grpc-js. A
 * method exists once it has been answered with OK; any other status may be the answer to every path.
 */
const answered = new KnownMethods();

interface Server {
  readonly interceptors?: unknown;
}

type Register = (this: Server, path: string, ...rest: unknown[]) => boolean;
type SetUpHandlers = (this: Server, http2Server: object, ...rest: unknown[]) => void;

function rememberRegistered(prototype: object, guard: Guard): void {
  const remember = guard((server: Server, path: unknown) => {
    if (typeof path === 'string') serviceOf(server).methods.set(path, methodOf(path));
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
  const connect = guard((server: Server, http2Server: object) =>
    services.set(http2Server, serviceOf(server)),
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

function serviceOf(server: Server): Service {
  const known = services.get(server);
  if (known !== undefined) return known;
  const service = { methods: new Map<string, string>(), hasEvents: Array.isArray(server.interceptors) };
  services.set(server, service);
  return service;
}

/** The request whose handlers run just now is followed by the events of its call. */
function claim(serverCall: object, calls: Calls): FollowedCall | undefined {
  const { current } = calls;
  const request = requests.get(current);
  if (current === undefined || request?.otherwise !== 'expected') return undefined;
  request.otherwise = 'followed';
  const counts = current.isRecorded ? { received: 0, sent: 0 } : undefined;
  if (counts !== undefined) counted.set(serverCall, counts);
  return {
    run: (fn, thisArg, ...args) => current.run(fn, thisArg, ...args),
    counts,
    end() {
      if (counts !== undefined) setMessages(request, counts);
      end(request, request.stream, request.session);
      requests.clear(current);
      calls.forget(request.stream);
    },
  };
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
  const service = services.get(serverOf(session));
  const route = (service?.methods ?? answered).get(path);
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
  const otherwise = service?.hasEvents === true && route !== undefined ? 'expected' : undefined;
  const messages =
    call.isRecorded && otherwise === undefined
      ? { received: new MessageCounter(), sent: new MessageCounter() }
      : undefined;
  const request: Request = {
    call,
    otherwise,
    headers,
    stream,
    session,
    service,
    openedAt,
    timeout,
    messages,
  };
  if (otherwise !== undefined) requests.set(call, request);
  return request;
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
  { headers, service }: Request,
  stream: ServerHttp2Stream,
  session: Http2Session,
): IncomingHttpHeaders | undefined {
  if (service !== undefined) return undefined;
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
    setMessages(request, { received: messages.received.count, sent: messages.sent.count });
  const code = statusOf(stream);
  call.name(nameOf(request, code));
  call.end({ code: code ?? statusOfBrokenStream(stream, session, request) });
}

function setMessages({ call }: Request, { received, sent }: { received: number; sent: number }): void {
  call.set({ 'redhook.grpc.messages.sent': sent, 'redhook.grpc.messages.received': received });
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
function nameOf({ headers, service }: Request, code: string | undefined): string | undefined {
  const path = headers[':path'] ?? '';
  if (service !== undefined) return service.methods.get(path);
  if (code === 'OK') answered.add(path);
  return answered.get(path);
}

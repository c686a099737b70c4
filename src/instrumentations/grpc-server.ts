import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { methodOf, statusName, timeoutOf } from '../semconv/grpc.js';
import { splitAuthority } from '../semconv/url.js';

/**
 * gRPC servers, seen from the HTTP/2 streams below them, so that applications bundled into one file are observed too.
 * A call begins with the request headers and ends when its stream closes, also when the client leaves.
 *
 * Node does not export the classes of its sessions and streams: their prototypes are taken from the first ones.
 */
export const grpcServer: Instrumentation = {
  name: 'grpc-server',
  targets: [
    {
      channel: 'http2.server.stream.start',
      attach: ({ stream }: { stream: ServerHttp2Stream }, calls, guard) =>
        observeSessions(stream.session, calls, guard),
    },
    {
      package: '@grpc/grpc-js',
      versions: '^1.8.0',
      file: 'build/src/index.js',
      attach({ Server }, calls, guard) {
        rememberMethods(Server.prototype, guard);
        // Node 22.15 has no channels of HTTP/2. grpc-js has loaded the module already.
        const { createServer, createSecureServer } = process.getBuiltinModule('node:http2');
        for (const server of [createServer(), createSecureServer()])
          findFirstSession(Object.getPrototypeOf(server), calls, guard);
      },
    },
  ],
};

const asked = new WeakMap<ServerHttp2Stream, string>();

/** The methods that servers of grpc-js have. A client cannot add to them. */
const registered = new Set<string>();

type Register = (this: object, path: string, ...rest: unknown[]) => boolean;

function rememberMethods(prototype: { register: Register }, guard: Guard): void {
  const { register } = prototype;
  const remember = guard((path: string) => registered.add(methodOf(path)));
  prototype.register = function (path, ...rest) {
    remember(path);
    return register.call(this, path, ...rest);
  };
}

type Emit = (this: object, ...args: unknown[]) => boolean;

function findFirstSession(prototype: Http2Server & { emit: Emit }, calls: Calls, guard: Guard): void {
  const { emit } = prototype;
  const observe = guard((session: Http2Session) => observeSessions(session, calls, guard));
  prototype.emit = function (this: object, ...args: unknown[]) {
    if (args[0] === 'session') observe(args[1] as Http2Session);
    return emit.apply(this, args);
  };
}

const patched = new WeakSet<object>();

function observeSessions(session: Http2Session | undefined, calls: Calls, guard: Guard): void {
  const prototype = session && Object.getPrototypeOf(session);
  if (prototype === undefined || patched.has(prototype)) return;
  patched.add(prototype);
  runHandlersInside(prototype, calls, guard);
}

/** The handler of a stream runs inside its call. The session announces a stream in the tick after its headers. */
function runHandlersInside(prototype: { emit: Emit }, calls: Calls, guard: Guard): void {
  const { emit } = prototype;
  const open = guard((stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const streams = Object.getPrototypeOf(stream);
    if (!patched.has(streams)) {
      patched.add(streams);
      runListenersInside(streams, calls, guard);
    }
    return openCall(stream, headers, calls);
  });
  prototype.emit = function (...args) {
    const call =
      args[0] === 'stream' ? open(args[1] as ServerHttp2Stream, args[2] as IncomingHttpHeaders) : undefined;
    return call === undefined ? emit.apply(this, args) : call.run(emit, this, ...args);
  };
}

function openCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, calls: Calls): Call | undefined {
  if (!headers['content-type']?.startsWith('application/grpc')) return undefined;
  const method = methodOf(headers[':path'] ?? '');
  const { address, port } = splitAuthority(headers[':authority'] ?? '', headers[':scheme'] ?? '');
  asked.set(stream, method);
  return calls.open({
    kind: 'server',
    system: 'grpc',
    operation: method,
    ...(registered.has(method) && { route: method }),
    subjects: [stream],
    received: headers,
    attributes: {
      'rpc.system.name': 'grpc',
      'server.address': address || undefined,
      'server.port': port,
      'redhook.grpc.timeout': timeoutOf(headers['grpc-timeout']),
    },
  });
}

/**
 * The listeners of a stream run inside its call: Node calls them from the socket, without the context, and grpc-js
 * starts a unary handler from them. `close` is the last event and ends the call after its listeners.
 */
function runListenersInside(prototype: { emit: Emit }, calls: Calls, guard: Guard): void {
  const { emit } = prototype;
  const end = guard(endCall);
  prototype.emit = function (...args) {
    const call = calls.of(this);
    if (call === undefined) return emit.apply(this, args);
    try {
      return calls.current === call ? emit.apply(this, args) : call.run(emit, this, ...args);
    } finally {
      if (args[0] === 'close') end(this as ServerHttp2Stream, call);
    }
  };
}

/** The reset of a client that wants no more (RFC 9113, section 7). */
const CANCEL = 8;

/**
 * The status is in the trailers, or in the headers of an answer without a body. Where the server sent none, the client
 * has gone (CANCELLED, as gRPC tells a server), or the server broke the stream off (UNKNOWN).
 */
function endCall(stream: ServerHttp2Stream, call: Call): void {
  const sent = stream.sentTrailers?.['grpc-status'] ?? stream.sentHeaders?.['grpc-status'];
  if (sent === undefined) {
    call.end({ code: stream.aborted || stream.rstCode === CANCEL ? 'CANCELLED' : 'UNKNOWN' });
    return;
  }
  const code = statusName(String(sent));
  // Without grpc-js, as in a bundled application, a method is known to exist when the server has answered it.
  const method = asked.get(stream);
  if (registered.size === 0 && code !== 'UNIMPLEMENTED' && method !== undefined) call.name(method);
  call.end({ code });
}

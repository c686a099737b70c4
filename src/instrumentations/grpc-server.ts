import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { observeServerStreams } from '../hooks/server-streams.js';
import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { isGrpc, methodOf, statusName, timeoutOf } from '../semconv/grpc.js';
import { MessageCounter } from '../semconv/grpc-messages.js';
import { splitAuthority } from '../semconv/url.js';

/**
 * gRPC servers, seen from the HTTP/2 streams below them, so that applications bundled into one file are observed too.
 * A call begins with the request headers and ends when its stream closes, also when the client leaves.
 */
export const grpcServer: Instrumentation = {
  name: 'grpc-server',
  targets: [
    {
      builtin: 'node:http2',
      attach(http2, calls, guard) {
        const boundary = {
          open: guard((stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
            open(stream, headers, calls),
          ),
          end: guard(end),
          received: guard((stream: ServerHttp2Stream, chunk: Uint8Array) =>
            requests.get(stream)?.received.add(chunk),
          ),
          sent: guard((stream: ServerHttp2Stream, chunk: Uint8Array) =>
            requests.get(stream)?.sent.add(chunk),
          ),
        };
        observeServerStreams(http2, boundary, calls);
      },
    },
    {
      package: '@grpc/grpc-js',
      versions: '^1.8.0',
      file: 'build/src/index.js',
      attach: ({ Server }, _calls, guard) => rememberMethods(Server.prototype, guard),
    },
  ],
};

interface Request {
  readonly method: string;
  readonly received: MessageCounter;
  readonly sent: MessageCounter;
}

const requests = new WeakMap<ServerHttp2Stream, Request>();

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

function open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, calls: Calls): Call | undefined {
  if (!isGrpc(headers)) return undefined;
  const method = methodOf(headers[':path'] ?? '');
  const { address, port } = splitAuthority(headers[':authority'] ?? '', headers[':scheme'] ?? '');
  const timeout = timeoutOf(headers['grpc-timeout']);
  requests.set(stream, { method, received: new MessageCounter(), sent: new MessageCounter() });
  return calls.open({
    kind: 'server',
    system: 'grpc',
    operation: method,
    ...(registered.has(method) && { route: method }),
    subjects: [stream],
    received: headers,
    deadline: timeout === undefined ? undefined : Date.now() + timeout * 1000,
    attributes: {
      'rpc.system.name': 'grpc',
      'server.address': address || undefined,
      'server.port': port,
      'redhook.grpc.timeout': timeout,
    },
  });
}

/** The reset of a client that wants no more (RFC 9113, section 7). */
const CANCEL = 8;

/**
 * The status is in the trailers, or in the headers of an answer without a body. Where the server sent none, the client
 * has gone (CANCELLED, as gRPC tells a server), or the server broke the stream off (UNKNOWN).
 */
function end(stream: ServerHttp2Stream, call: Call): void {
  const request = requests.get(stream);
  call.set({
    'redhook.grpc.messages.sent': request?.sent.count,
    'redhook.grpc.messages.received': request?.received.count,
  });
  const sent = stream.sentTrailers?.['grpc-status'] ?? stream.sentHeaders?.['grpc-status'];
  if (sent === undefined) {
    call.end({ code: stream.aborted || stream.rstCode === CANCEL ? 'CANCELLED' : 'UNKNOWN' });
    return;
  }
  const code = statusName(String(sent));
  // Without grpc-js, as in a bundled application, a method is known to exist when the server has answered it.
  if (registered.size === 0 && code !== 'UNIMPLEMENTED' && request !== undefined) call.name(request.method);
  call.end({ code });
}

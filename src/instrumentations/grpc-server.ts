import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { hiddenField } from '../hidden-field.js';
import { patch } from '../hooks/patch.js';
import { observeServerStreams } from '../hooks/server-streams.js';
import type { Attributes, Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
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
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** How long the client waits, in seconds. */
  readonly timeout: number | undefined;
  readonly received: MessageCounter;
  readonly sent: MessageCounter;
}

const requests = hiddenField<Request>();

/**
 * The methods that exist: those that servers of grpc-js have registered. Where none does, as in a bundled application,
 * those that were answered.
 */
const methods = new Set<string>();
let isRegistered = false;

/** More than any service has; it bounds what clients of a server that answers anything can add. */
const MAX_ANSWERED = 1_000;

type Register = (this: object, path: string, ...rest: unknown[]) => boolean;

function rememberMethods(prototype: object, guard: Guard): void {
  const remember = guard((path: unknown) => {
    isRegistered = true;
    if (typeof path === 'string') methods.add(methodOf(path));
  });
  patch<Register>(
    prototype,
    'register',
    (register) =>
      function (path, ...rest) {
        remember(path);
        return register.call(this, path, ...rest);
      },
  );
}

function open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, calls: Calls): Call | undefined {
  if (!isGrpc(headers)) return undefined;
  const method = methodOf(headers[':path'] ?? '');
  const timeout = timeoutOf(headers['grpc-timeout']);
  const openedAt = Date.now();
  requests.set(stream, {
    method,
    openedAt,
    timeout,
    received: new MessageCounter(),
    sent: new MessageCounter(),
  });
  return calls.open({
    kind: 'server',
    system: 'grpc',
    operation: method,
    route: methods.has(method) ? method : undefined,
    subjects: [stream],
    received: headers,
    deadline: timeout === undefined ? undefined : openedAt + timeout * 1000,
    attributes: {
      'rpc.system.name': 'grpc',
      'rpc.method': undefined,
      'rpc.status_code': undefined,
      'error.type': undefined,
    },
    detail: () => describe(headers, timeout),
  });
}

function describe(headers: IncomingHttpHeaders, timeout: number | undefined): Attributes {
  const { address, port } = splitAuthority(headers[':authority'] ?? '', headers[':scheme'] ?? '');
  return { 'server.address': address || undefined, 'server.port': port, 'redhook.grpc.timeout': timeout };
}

/** The reset of a client that wants no more (RFC 9113, section 7). */
const CANCEL = 8;

function end(stream: ServerHttp2Stream, call: Call, session: Http2Session): void {
  const request = requests.get(stream);
  if (request === undefined) return;
  call.set({
    'redhook.grpc.messages.sent': request.sent.count,
    'redhook.grpc.messages.received': request.received.count,
  });
  const code = statusOf(stream);
  nameAnswered(request.method, call, code);
  call.end({ code: code ?? statusOfBroken(stream, session, request) });
}

/** The status is in the trailers, or in the headers of an answer without a body. */
function statusOf({ sentTrailers, sentHeaders }: ServerHttp2Stream): string | undefined {
  const sent = sentTrailers?.['grpc-status'] ?? sentHeaders?.['grpc-status'];
  return sent === undefined ? undefined : statusName(String(sent));
}

/** The client began to wait a little before us: it gives up when most of its time has passed here. */
const MOST = 0.9;

/**
 * Without a status the client has gone, as a reset or a lost connection tells, or else the server broke the stream off.
 * A client that goes at its deadline is DEADLINE_EXCEEDED, whether its reset or the server's own timer was first.
 */
function statusOfBroken(
  { aborted, rstCode }: ServerHttp2Stream,
  session: Http2Session,
  { openedAt, timeout }: Request,
): string {
  const hasClientLeft = rstCode === CANCEL || (aborted && (rstCode === 0 || session.destroyed));
  if (!hasClientLeft) return 'UNKNOWN';
  const waited = (Date.now() - openedAt) / 1000;
  return timeout !== undefined && waited >= timeout * MOST ? 'DEADLINE_EXCEEDED' : 'CANCELLED';
}

function nameAnswered(method: string, call: Call, code: string | undefined): void {
  if (isRegistered || code === undefined || code === 'UNIMPLEMENTED' || methods.size === MAX_ANSWERED) return;
  methods.add(method);
  call.name(method);
}

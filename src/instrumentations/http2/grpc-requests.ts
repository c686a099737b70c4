import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { Attributes, Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { isGrpc, isMostlyOver, methodOf, statusName, statusOfHttp, timeoutOf } from '../../semconv/grpc.js';
import { KnownMethods } from '../../semconv/grpc-methods.js';
import { mayBeLabel } from '../../semconv/named-servers.js';
import { propertyOf } from '../../semconv/property.js';
import { RPC_CLIENT } from '../../semconv/rpc.js';
import { splitAuthority } from '../../semconv/url.js';
import {
  copyOf,
  type Headers,
  headerOf,
  isUndiciSession,
  serverNamed,
  setHeader,
  type Watched,
  watchStream,
  withDefaults,
} from '../http2-client.js';
import { whenSessionIsCreated } from './sessions.js';

type Request = (this: ClientHttp2Session, headers?: Headers, options?: unknown) => ClientHttp2Stream;

interface GrpcRequest extends Watched {
  /** A copy with the trace context in it. */
  readonly headers: Headers;
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** How long the application waits, in seconds: its `grpc-timeout`. */
  readonly timeout: number | undefined;
}

/**
 * The methods that a server has answered with OK. A gateway passes on the paths of its own clients, and any other status
 * may be the answer to every path.
 */
const answered = new KnownMethods();

/** Whether an observed grpc-js is making a request just now. Its calls are observed at their channel. */
let isByGrpcJs = false;

type CreateCall = (this: object, ...args: unknown[]) => unknown;

/**
 * Leaves out what a grpc-js sends over its connections. Each of its streams is made inside `createCall` of a subchannel:
 * at once, later when it has connected, or again in a retry.
 */
export function leaveOutSubchannels(prototype: object): void {
  patch<CreateCall>(
    prototype,
    'createCall',
    (createCall) =>
      function (...args) {
        isByGrpcJs = true;
        try {
          return createCall.apply(this, args);
        } finally {
          isByGrpcJs = false;
        }
      },
  );
}

/**
 * gRPC calls made with node:http2: by Connect, by a client made by hand, by a grpc-js that is bundled. A call begins with
 * the request and ends when its stream closes.
 */
export function observeGrpcRequests(calls: Calls, guard: Guard): void {
  const observe = guard((prototype: object) => observeRequests(prototype, calls, guard));
  whenSessionIsCreated('ClientHttp2Session', observe);
}

function observeRequests(prototype: object, calls: Calls, guard: Guard): void {
  const follow = guard(followAnswer);
  const open = guard((session: ClientHttp2Session, headers: Headers | undefined) =>
    openCall(session, headers, calls, follow),
  );
  const watch = guard((stream: ClientHttp2Stream, request: GrpcRequest) => {
    request.call.set(targetOf(stream.sentHeaders ?? {}));
    watchStream(stream, request, guard);
  });
  const recordRejection = guard(({ call, headers, session }: GrpcRequest, error: unknown) => {
    call.set(targetOf(withDefaults(headers, session)));
    call.end({ code: session.closed || session.destroyed ? 'UNAVAILABLE' : 'INTERNAL', error });
  });

  patch<Request>(
    prototype,
    'request',
    (request) =>
      function (headers, options) {
        const opened = isByGrpcJs ? undefined : open(this, headers);
        if (opened === undefined) return request.call(this, headers, options);
        try {
          const stream = request.call(this, opened.headers, options);
          watch(stream, opened);
          return stream;
        } catch (error) {
          recordRejection(opened, error);
          throw error;
        }
      },
  );
}

function openCall(
  session: ClientHttp2Session,
  original: Headers | undefined,
  calls: Calls,
  follow: Watched['follow'],
): GrpcRequest | undefined {
  if (typeof original !== 'object' || original === null) return undefined;
  if (!isGrpc({ 'content-type': headerOf(original, 'content-type') }) || isUndiciSession(session))
    return undefined;
  const headers = copyOf(original);
  const path = String(headerOf(original, ':path') ?? '/');
  const route = answered.get(path);
  const timeout = timeoutOf(headerOf(original, 'grpc-timeout'));
  const call = calls.open({
    kind: 'client',
    convention: RPC_CLIENT,
    operation: route ?? methodOf(path),
    route,
    injectInto: {
      get: (name) => headerOf(headers, name)?.toString(),
      set: (name, value) => setHeader(headers, name, value),
    },
    attributes: { 'rpc.system.name': 'grpc', ...serverNamed(original, session) },
    spanAttributes: () => ({ 'redhook.grpc.timeout': timeout }),
  });
  if (call === undefined) return undefined;
  const openedAt = Date.now();
  return {
    call,
    session,
    cancelled: false,
    timedOut: false,
    follow,
    headers,
    path,
    openedAt,
    timeout,
  };
}

function targetOf(headers: OutgoingHttpHeaders): Attributes {
  const authority = String(headers[':authority'] ?? '');
  if (!mayBeLabel(authority)) return {};
  const { address, port } = splitAuthority(authority, String(headers[':scheme'] ?? 'https'));
  return { 'server.address': address, 'server.port': port };
}

/** The status is in the trailers, or in the headers of a response without a body. A proxy answers with HTTP alone. */
function followAnswer(stream: ClientHttp2Stream, event: string, first: unknown, watched: Watched): void {
  const request = watched as GrpcRequest;
  if (event === 'response' || event === 'trailers') {
    const { 'grpc-status': status, ':status': httpStatus } = first as IncomingHttpHeaders;
    if (status !== undefined) request.call.answered(statusName(String(status)));
    else if (event === 'response' && Number(httpStatus) !== 200)
      request.call.answered(statusOfHttp(Number(httpStatus)));
  } else if (event === 'close') endCall(stream, request);
}

function endCall(stream: ClientHttp2Stream, request: GrpcRequest): void {
  const { call, path } = request;
  const code = call.code ?? statusOfBrokenStream(stream, request);
  if (code === 'OK') {
    answered.add(path);
    call.name(answered.get(path));
  }
  call.end({ code });
}

/** By the error code of the reset (RFC 9113, section 7). Any other one is INTERNAL. */
const RESETS: Record<number, string> = {
  0: 'UNKNOWN', // Nothing went wrong, but there is no status.
  7: 'UNAVAILABLE',
  8: 'CANCELLED',
  11: 'RESOURCE_EXHAUSTED',
  12: 'PERMISSION_DENIED',
};

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
function statusOfBrokenStream(
  { errored, rstCode }: ClientHttp2Stream,
  { cancelled, session, openedAt, timeout }: GrpcRequest,
): string {
  const isReset = propertyOf(errored, 'code') === 'ERR_HTTP2_STREAM_ERROR';
  const isLost = !cancelled && session.destroyed;
  if (isLost) return 'UNAVAILABLE';
  const isGivenUp = cancelled || (errored != null && !isReset);
  const code = isGivenUp ? 'CANCELLED' : (RESETS[rstCode] ?? 'INTERNAL');
  return code === 'CANCELLED' && isMostlyOver(timeout, openedAt) ? 'DEADLINE_EXCEEDED' : code;
}

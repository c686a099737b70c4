import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { Attributes, Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { wrapEmit } from '../patching/wrap-emit.js';
import { unlessCancelled } from '../semconv/cancellation.js';
import { isGrpc } from '../semconv/grpc.js';
import { HTTP_CLIENT } from '../semconv/http.js';
import { redactUrl, splitAuthority } from '../semconv/url.js';
import { clientSessionPrototype } from './http2/sessions.js';

/**
 * Requests of node:http2. A call begins with the request and ends when its stream closes: after the body, an error or
 * a reset. gRPC is not HTTP here, and what undici sends over HTTP/2 is a call of `fetch` already.
 */
export const http2Client: Instrumentation = {
  name: 'http2-client',
  aliases: ['http', 'http2'],
  observes: 'Requests by node:http2',
  conventions: [HTTP_CLIENT],
  targets: [
    {
      builtin: 'node:http2',
      attach: (http2, calls, guard) => observeRequests(clientSessionPrototype(http2), calls, guard),
    },
  ],
};

/** Names and values, or both in one flat list, which Node 22.15 does not know yet. */
type Headers = Record<string, unknown> | unknown[];

interface Opened {
  readonly call: Call;
  /** A copy with the trace in it: the application may use its headers for further requests. */
  readonly headers: Headers;
}

type Request = (this: ClientHttp2Session, headers?: Headers, ...rest: unknown[]) => ClientHttp2Stream;

function observeRequests(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((session: ClientHttp2Session, headers: Headers = {}) =>
    ofUndici(session) ? undefined : openCall(headers, calls),
  );
  const watch = guard((stream: ClientHttp2Stream, session: ClientHttp2Session, call: Call) => {
    call.set(targetAttributes(stream.sentHeaders ?? {}));
    watchStream(stream, { call, session, cancelled: false }, guard);
  });
  const refuse = guard((session: ClientHttp2Session, { call, headers }: Opened, error: unknown) => {
    call.set(targetAttributes(completed(headers, session)));
    call.end({ error });
  });

  patch<Request>(
    prototype,
    'request',
    (request) =>
      function (headers, ...rest) {
        const opened = open(this, headers);
        if (opened === undefined) return request.call(this, headers, ...rest);
        try {
          const stream = request.call(this, opened.headers, ...rest);
          watch(stream, this, opened.call);
          return stream;
        } catch (error) {
          refuse(this, opened, error);
          throw error;
        }
      },
  );
}

/** undici leaves its marks on the sessions that it makes. */
function ofUndici(session: ClientHttp2Session): boolean {
  return Object.getOwnPropertySymbols(session).some(({ description }) => description === 'open streams');
}

function openCall(given: Headers, calls: Calls): Opened | undefined {
  // Node refuses it with an error of its own.
  if (typeof given !== 'object' || given === null) return undefined;
  if (isGrpc({ 'content-type': headerOf(given, 'content-type') })) return undefined;
  const headers = Object.assign(Array.isArray(given) ? [] : Object.create(null), given);
  const call = calls.open({
    kind: 'client',
    convention: HTTP_CLIENT,
    operation: String(headerOf(given, ':method') ?? 'GET'),
    injectInto: { set: (name, value) => setHeader(headers, name, value) },
    attributes: { 'network.protocol.version': '2' },
  });
  return call && { call, headers };
}

function headerOf(headers: Headers, name: string): unknown {
  if (!Array.isArray(headers)) {
    const key = Object.keys(headers).find((each) => each.toLowerCase() === name);
    return key === undefined ? undefined : headers[key];
  }
  const at = headers.findIndex((each, i) => i % 2 === 0 && String(each).toLowerCase() === name);
  return at === -1 ? undefined : headers[at + 1];
}

function setHeader(headers: Headers, name: string, value: string): void {
  if (Array.isArray(headers)) {
    const at = headers.findIndex((each, i) => i % 2 === 0 && String(each).toLowerCase() === name);
    if (at !== -1) headers.splice(at, 2);
    headers.push(name, value);
    return;
  }
  for (const key of Object.keys(headers)) if (key.toLowerCase() === name) delete headers[key];
  headers[name] = value;
}

function targetAttributes(headers: OutgoingHttpHeaders): Attributes {
  const scheme = String(headers[':scheme'] ?? 'https');
  const authority = String(headers[':authority'] ?? headers.host ?? '');
  const { address, port } = splitAuthority(authority, scheme);
  return {
    'server.address': address,
    'server.port': port,
    'url.full': redactUrl(`${scheme}://${authority}${headers[':path'] ?? ''}`),
  };
}

/** Node fills in what the application leaves out of its headers, but not when it refuses them. */
function completed(headers: Headers, session: ClientHttp2Session): OutgoingHttpHeaders {
  const given = (name: string): string | undefined => headerOf(headers, name)?.toString();
  return {
    ':scheme': given(':scheme') ?? (session.encrypted ? 'https' : 'http'),
    ':authority': given(':authority') ?? given('host') ?? peerOf(session),
    ':path': given(':path') ?? '/',
  };
}

/** Where a session is connected to, while it is. */
function peerOf(session: ClientHttp2Session): string {
  if (session.destroyed || session.connecting) return '';
  const { remoteAddress, remotePort } = session.socket;
  return `${remoteAddress}:${remotePort}`;
}

interface Watched {
  readonly call: Call;
  readonly session: ClientHttp2Session;
  /** Whether the application itself has closed the stream. */
  cancelled: boolean;
}

const watched = privateField<Watched>();
const patched = new WeakSet<object>();

type Emitting = Parameters<typeof wrapEmit>[0];
type Close = (this: object, ...args: unknown[]) => void;

function watchStream(stream: ClientHttp2Stream, watching: Watched, guard: Guard): void {
  watched.set(stream, watching);
  const streams = Object.getPrototypeOf(stream);
  if (patched.has(streams)) return;
  patched.add(streams);
  rememberClose(streams, guard);
  followResponse(streams, guard);
}

/** A reset is a fault, except when the application asks for it. Node does so itself when the connection is lost. */
function rememberClose(streams: object, guard: Guard): void {
  const remember = guard((found: Watched) => {
    found.cancelled = !found.session.destroyed && found.session.socket.destroyed === false;
  });
  patch<Close>(
    streams,
    'close',
    (close) =>
      function (...args) {
        const found = watched.get(this);
        if (found !== undefined) remember(found);
        close.apply(this, args);
      },
  );
}

function followResponse(streams: Emitting, guard: Guard): void {
  const follow = guard((stream: ClientHttp2Stream, event: string, headers: unknown, found: Watched) => {
    if (event === 'response') found.call.answered(Number((headers as IncomingHttpHeaders)[':status']));
    else if (event === 'close') {
      endCall(stream, found);
      watched.clear(stream);
    }
  });
  wrapEmit(streams, {
    before(stream, event, headers) {
      const found = watched.get(stream);
      if (found !== undefined) follow(stream as ClientHttp2Stream, event, headers, found);
      return undefined;
    },
  });
}

function endCall({ errored, rstCode }: ClientHttp2Stream, { call, cancelled }: Watched): void {
  if (errored != null) call.end({ error: unlessCancelled(causeOf(errored)) });
  else if (cancelled || (call.code !== undefined && rstCode === 0)) call.end({});
  else call.end({ error: 'aborted' });
}

/** A stream that goes down with its session only says so; what broke the session is the cause. */
function causeOf(error: Error): unknown {
  return 'code' in error && error.code === 'ERR_HTTP2_STREAM_CANCEL' ? (error.cause ?? error) : error;
}

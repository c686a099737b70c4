import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Attributes, Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { wrapEmit } from '../patching/wrap-emit.js';
import { unlessCancelled } from '../semconv/cancellation.js';
import { isGrpc } from '../semconv/grpc.js';
import { HTTP_CLIENT } from '../semconv/http.js';
import { targetAttributes, targetServer } from '../semconv/http-client.js';
import { peerOf } from '../semconv/peer.js';
import { propertyOf } from '../semconv/property.js';
import { defaultPort, splitAuthority, withBrackets } from '../semconv/url.js';
import { whenSessionIsCreated } from './http2/sessions.js';

/**
 * Requests made with node:http2. A call begins with the request and ends when its stream closes: after the body, an
 * error or a reset. gRPC requests are left to `grpc-client`, and undici's requests over HTTP/2 to `fetch`.
 */
export const http2Client: Instrumentation = {
  name: 'http2-client',
  aliases: ['http', 'http2'],
  observes: 'Requests made with node:http2',
  conventions: [HTTP_CLIENT],
  targets: [
    {
      builtin: 'node:http2',
      attach(_http2, calls, guard) {
        const observe = guard((prototype: object) => {
          observeRequests(prototype, calls, guard);
          rememberEnding(prototype, guard);
        });
        whenSessionIsCreated('ClientHttp2Session', observe);
      },
    },
  ],
};

/** An object, or a flat list of names and values. Node 22.15 does not accept the list yet. */
export type Headers = Record<string, unknown> | unknown[];

interface Opened {
  readonly call: Call;
  /** A copy with the trace context in it, because the application may reuse its headers for further requests. */
  readonly headers: Headers;
}

type Request = (this: ClientHttp2Session, headers?: Headers, options?: unknown) => ClientHttp2Stream;

function observeRequests(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((session: ClientHttp2Session, headers: Headers = {}) =>
    isUndiciSession(session) ? undefined : openCall(session, headers, calls),
  );
  const watch = guard((stream: ClientHttp2Stream, session: ClientHttp2Session, call: Call) => {
    call.set(serverAttributes(stream.sentHeaders ?? {}, session));
    endings.delete(session);
    watchStream(stream, { call, session, cancelled: false, timedOut: false }, guard);
  });
  const recordRejection = guard((session: ClientHttp2Session, { call, headers }: Opened, error: unknown) => {
    call.set(serverAttributes(withDefaults(headers, session), session));
    call.end({ error });
  });

  patch<Request>(
    prototype,
    'request',
    (request) =>
      function (headers, options) {
        const opened = open(this, headers);
        if (opened === undefined) return request.call(this, headers, options);
        try {
          const stream = request.call(this, opened.headers, options);
          watch(stream, this, opened.call);
          return stream;
        } catch (error) {
          recordRejection(this, opened, error);
          throw error;
        }
      },
  );
}

/** undici sets symbols of its own on the sessions that it opens. */
export function isUndiciSession(session: ClientHttp2Session): boolean {
  return Object.getOwnPropertySymbols(session).some(({ description }) => description === 'open streams');
}

function openCall(session: ClientHttp2Session, original: Headers, calls: Calls): Opened | undefined {
  // Node rejects this itself, with its own error.
  if (typeof original !== 'object' || original === null) return undefined;
  if (isGrpc({ 'content-type': headerOf(original, 'content-type') })) return undefined;
  const headers = copyOf(original);
  const call = calls.open({
    kind: 'client',
    convention: HTTP_CLIENT,
    operation: String(headerOf(original, ':method') ?? 'GET'),
    injectInto: {
      get: (name) => headerOf(headers, name)?.toString(),
      set: (name, value) => setHeader(headers, name, value),
    },
    attributes: { 'network.protocol.version': '2', ...serverNamed(original, session) },
  });
  return call && { call, headers };
}

export function copyOf(headers: Headers): Headers {
  return Object.assign(Array.isArray(headers) ? [] : Object.create(null), headers);
}

export function headerOf(headers: Headers, name: string): unknown {
  if (!Array.isArray(headers)) {
    const key = Object.keys(headers).find((each) => each.toLowerCase() === name);
    return key === undefined ? undefined : headers[key];
  }
  const values = headers.filter((_, i) => i % 2 === 1 && String(headers[i - 1]).toLowerCase() === name);
  return values.length === 0 ? undefined : values.join(',');
}

export function setHeader(headers: Headers, name: string, value: string): void {
  if (Array.isArray(headers)) {
    for (let at = headers.length - 2; at >= 0; at -= 2)
      if (String(headers[at]).toLowerCase() === name) headers.splice(at, 2);
    headers.push(name, value);
    return;
  }
  for (const key of Object.keys(headers)) if (key.toLowerCase() === name) delete headers[key];
  headers[name] = value;
}

/** The server as it is known before the request leaves: whether it receives trace context, and what a rule says of it. */
export function serverNamed(headers: Headers, session: ClientHttp2Session): Attributes {
  const connection = splitAuthority(authorityOf(session), schemeOf(session));
  const host = headerOf(headers, ':authority') ?? headerOf(headers, 'host');
  const { address, port } =
    host === undefined
      ? connection
      : targetServer({ method: '', target: '', scheme: '', host: String(host) }, connection);
  return { 'server.address': address, 'server.port': port };
}

function serverAttributes(headers: OutgoingHttpHeaders, session: ClientHttp2Session): Attributes {
  const host = String(headers[':authority'] ?? headers.host ?? '');
  const scheme = String(headers[':scheme'] ?? schemeOf(session));
  const method = String(headers[':method']);
  const target = method === 'CONNECT' ? host : String(headers[':path'] ?? '');
  const sent = { method, target, scheme, host };
  const named = targetServer(sent, { address: '', port: undefined });
  const { address, port = defaultPort(scheme) } =
    named.address === '' ? splitAuthority(authorityOf(session), scheme) : named;
  return {
    'server.address': address,
    'server.port': port,
    ...targetAttributes(sent, { address, port }),
  };
}

function schemeOf({ encrypted }: ClientHttp2Session): string {
  return encrypted ? 'https' : 'http';
}

/** Adds the pseudo-headers that Node would have added, had it not rejected the request. */
export function withDefaults(headers: Headers, session: ClientHttp2Session): OutgoingHttpHeaders {
  const header = (name: string): string | undefined => headerOf(headers, name)?.toString();
  return {
    ':scheme': header(':scheme') ?? schemeOf(session),
    ':authority': header(':authority') ?? header('host') ?? authorityOf(session),
    ':path': header(':path') ?? '/',
  };
}

let authority: symbol | undefined;

/** What Node sends where a request names no server. It keeps that under a symbol from the moment of `connect`. */
function authorityOf(session: ClientHttp2Session): string {
  authority ??= Object.getOwnPropertySymbols(session).find(({ description }) => description === 'authority');
  const named = authority && (session as unknown as Record<symbol, unknown>)[authority];
  return typeof named === 'string' && named !== '' ? named : addressOf(session);
}

/** The address of the server, while the session is connected. */
function addressOf(session: ClientHttp2Session): string {
  if (session.destroyed || session.connecting) return '';
  const { address = '', port } = peerOf(session.socket as Socket);
  return `${withBrackets(address)}:${port}`;
}

export interface Watched {
  readonly call: Call;
  readonly session: ClientHttp2Session;
  /** Whether the application itself has closed the stream. */
  cancelled: boolean;
  /** Whether the application was told that the stream is idle for too long. */
  timedOut: boolean;
  /** Follows the events of the stream and ends the call, where the answer is not that of HTTP. It is guarded. */
  readonly follow?: FollowStream | undefined;
}

/** What the application was told of a session, or did to it, since its last request. */
const endings = new WeakMap<ClientHttp2Session, 'timeout' | 'stopped'>();

type DestroySession = (this: ClientHttp2Session, error?: unknown, code?: unknown) => void;

/** Node destroys a session without an error only when no stream is open. */
function rememberEnding(prototype: object, guard: Guard): void {
  const remember = guard((session: ClientHttp2Session) => {
    if (!session.destroyed && session.socket?.destroyed === false && !endings.has(session))
      endings.set(session, 'stopped');
  });
  patch<DestroySession>(
    prototype,
    'destroy',
    (destroy) =>
      function (error, code) {
        if (error == null || error === 0) remember(this);
        destroy.call(this, error, code);
      },
  );
  wrapEmit(prototype as Emitter, {
    before(session, event) {
      if (event === 'timeout') endings.set(session as unknown as ClientHttp2Session, 'timeout');
      return undefined;
    },
  });
}

type FollowStream = (stream: ClientHttp2Stream, event: string, first: unknown, watched: Watched) => void;

const watched = privateField<Watched>();
const patched = new WeakSet<object>();

type Emitter = Parameters<typeof wrapEmit>[0];
type Close = (this: object, ...args: unknown[]) => void;
type Destroy = (this: ClientHttp2Stream, error?: unknown) => ClientHttp2Stream;

export function watchStream(stream: ClientHttp2Stream, state: Watched, guard: Guard): void {
  watched.set(stream, state);
  const prototype = Object.getPrototypeOf(stream);
  if (patched.has(prototype)) return;
  patched.add(prototype);
  rememberClose(prototype, guard);
  followResponse(prototype, guard);
}

/** A reset is an error unless the application closed or destroyed the stream. Node itself calls `close` on a lost connection. */
function rememberClose(prototype: object, guard: Guard): void {
  const remember = guard((found: Watched) => {
    found.cancelled = !found.session.destroyed && found.session.socket.destroyed === false;
  });
  patch<Close>(
    prototype,
    'close',
    (close) =>
      function (...args) {
        const found = watched.get(this);
        if (found !== undefined) remember(found);
        close.apply(this, args);
      },
  );
  patch<Destroy>(
    prototype,
    'destroy',
    (destroy) =>
      function (error) {
        const found = watched.get(this);
        // Node calls this too, when it has closed the stream.
        if (found !== undefined && error == null && !this.closed) remember(found);
        return destroy.call(this, error);
      },
  );
}

function followResponse(prototype: Emitter, guard: Guard): void {
  const follow = guard((stream: ClientHttp2Stream, event: string, headers: unknown, found: Watched) => {
    if (event === 'timeout') found.timedOut = true;
    if (found.follow !== undefined) found.follow(stream, event, headers, found);
    else if (event === 'response') found.call.answered(Number((headers as IncomingHttpHeaders)[':status']));
    else if (event === 'close') endCall(stream, found);
    if (event === 'close') watched.clear(stream);
  });
  wrapEmit(prototype, {
    before(stream, event, headers) {
      const found = watched.get(stream);
      if (found !== undefined) follow(stream as ClientHttp2Stream, event, headers, found);
      return undefined;
    },
  });
}

function endCall(stream: ClientHttp2Stream, { call, session, cancelled, timedOut }: Watched): void {
  const { errored, rstCode, readableEnded } = stream;
  const ending = endings.get(session);
  const isStopped = cancelled || (ending !== undefined && session.destroyed);
  const isComplete = call.code !== undefined && rstCode === 0;
  const timeout = timedOut || ending === 'timeout' ? 'TimeoutError' : undefined;
  const error = errored == null ? undefined : causeOf(errored);
  if (error !== undefined && !(isStopped && isSessionEnd(error)))
    call.end({ error: unlessCancelled(error) ?? timeout });
  else if (isStopped) call.end({ error: isComplete && readableEnded ? undefined : timeout });
  else call.end({ error: isComplete ? undefined : 'aborted' });
}

function isSessionEnd(error: unknown): boolean {
  return propertyOf(error, 'code') === 'ERR_HTTP2_STREAM_CANCEL';
}

/** When a session fails, its streams report ERR_HTTP2_STREAM_CANCEL. The error of the session is the `cause`. */
function causeOf(error: Error): unknown {
  return isSessionEnd(error) ? (propertyOf(error, 'cause') ?? error) : error;
}

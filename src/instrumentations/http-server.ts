import type { EventEmitter } from 'node:events';
import { IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Attributes, Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { watchFirstWrite } from '../patching/first-write.js';
import { privateField } from '../patching/private-field.js';
import { wrapEmit } from '../patching/wrap-emit.js';
import { HTTP_SERVER } from '../semconv/http.js';
import { connectionAttributes, schemeOf, targetAttributes } from '../semconv/http-server.js';

/**
 * Servers of HTTP/1, with and without TLS. A call begins when the parser has the headers and ends when the response
 * closes: after success, an abort or a timeout.
 */
export const httpServer: Instrumentation = {
  name: 'http-server',
  aliases: ['http'],
  observes: 'Servers of node:http and node:https',
  conventions: [HTTP_SERVER],
  targets: [
    // Published before every request event, and also for the requests that Node answers itself (400, 417, 503).
    { channel: 'http.server.request.start', attach: openRequest },
    {
      builtin: 'node:http',
      attach({ Server, IncomingMessage, ServerResponse }, calls, guard) {
        runRequestHandlersInCall(Server.prototype, calls, guard);
        const ofRequest = (request: object) => calls.of(request);
        const ofResponse = (response: object) => calls.of((response as ServerResponse).req);
        runMessageListenersInCall(IncomingMessage.prototype, ofRequest, calls, hasRequestListener);
        runMessageListenersInCall(
          ServerResponse.prototype,
          ofResponse,
          calls,
          hasResponseListener,
          guard((response: ServerResponse, call: Call) => endResponse(response, call, calls)),
        );
      },
    },
    { builtin: 'node:https', attach: (_https, calls, guard) => observeSecureServers(calls, guard) },
    // With `allowHTTP1`, a secure server of HTTP/2 also speaks HTTP/1.
    { builtin: 'node:http2', attach: (_http2, calls, guard) => observeSecureServers(calls, guard) },
  ],
};

const patched = new WeakSet<object>();

/** Servers of HTTPS and secure servers of HTTP/2 have only this class in common. Node does not export the latter's. */
function observeSecureServers(calls: Calls, guard: Guard): void {
  const { prototype } = process.getBuiltinModule('node:tls').Server;
  if (patched.has(prototype)) return;
  patched.add(prototype);
  runRequestHandlersInCall(prototype as unknown as Emitter, calls, guard);
}

interface RequestStart {
  request: IncomingMessage;
  server: Server;
}

function openRequest({ request, server }: RequestStart, calls: Calls): void {
  if (!calls.isOwn(server)) open(request, calls);
}

function open(request: IncomingMessage, calls: Calls): Call | undefined {
  return calls.open({
    kind: 'server',
    convention: HTTP_SERVER,
    operation: request.method ?? '',
    subjects: [request],
    extractFrom: request.headers,
    attributes: {
      'url.scheme': schemeOf(request.headers, isEncrypted(request.socket)),
      'network.protocol.version': request.httpVersion,
    },
    spanAttributes: () => targetAttributes(request.url ?? ''),
    sharedAttributes: () => sharedAttributesOf(request),
  });
}

const REQUEST_EVENTS = new Set(['request', 'checkContinue', 'checkExpectation']);
const TUNNEL_EVENTS = new Set(['upgrade', 'connect']);

type Emitter = Parameters<typeof wrapEmit>[0];

/** Runs the handlers of a server, and all that they start, inside the call of their request. */
function runRequestHandlersInCall(prototype: Emitter, calls: Calls, guard: Guard): void {
  const findRequest = guard((request: IncomingMessage, response: ServerResponse) => {
    const call = calls.of(request);
    // A pipelined response has no socket until the earlier ones are done, and no `close` if the client leaves first.
    if (call !== undefined && response.socket === null)
      leaveWaiting.set(response, endWithSocket(request.socket, call, guard));
    return call;
  });
  const openUpgrade = guard((server: object, request: unknown, socket: Duplex) => {
    // A compatibility request of HTTP/2 is a call already.
    if (calls.isOwn(server) || !(request instanceof IncomingMessage)) return undefined;
    // A server may hand its request on to another one, as Fastify does for the second address of `localhost`.
    return calls.of(request) ?? openTunnel(request, socket, calls, guard);
  });
  wrapEmit(prototype, {
    before(server, event, request, second) {
      if (REQUEST_EVENTS.has(event)) return findRequest(request as IncomingMessage, second as ServerResponse);
      if (TUNNEL_EVENTS.has(event)) return openUpgrade(server, request, second as Duplex);
      return undefined;
    },
  });
}

/**
 * Runs the listeners of a message inside its call. Node calls them from the socket, outside the context of the call, so
 * `emit` restores it. `close` is the last event of a response: after its listeners the call ends.
 */
function runMessageListenersInCall(
  prototype: Emitter,
  callOf: (message: object) => Call | undefined,
  calls: Calls,
  hasListener: (message: EventEmitter, event: string) => boolean,
  endResponse?: (response: ServerResponse, call: Call) => void,
): void {
  wrapEmit(prototype, {
    before(message, event) {
      if (!hasListener(message, event)) return undefined;
      const call = callOf(message);
      if (call === undefined) return undefined;
      // Inside this call, a span that the application has started may be current. It stays current.
      return calls.current === call ? undefined : call;
    },
    ...(endResponse && {
      afterClose(response) {
        const call = callOf(response);
        if (call !== undefined) endResponse(response as ServerResponse, call);
      },
    }),
  });
}

/** Whether the application listens to a request. Checking is cheaper than restoring the context for nothing. */
function hasRequestListener(request: EventEmitter, event: string): boolean {
  const count = request.listenerCount(event);
  return count > 1 || (count === 1 && !(event === 'end' && isNodeListener(request.listeners(event)[0])));
}

/** Whether the application listens to a response. Node itself has one `finish` listener, which calls no user code. */
function hasResponseListener(response: EventEmitter, event: string): boolean {
  return response.listenerCount(event) > (event === 'finish' ? 1 : 0);
}

let clearIncoming: unknown;

/** Node's own `end` listener, for a request that outlasts its response. It is cached because reading a name is slow. */
function isNodeListener(listener: unknown): boolean {
  if (clearIncoming === undefined && (listener as { name?: string }).name === 'clearIncoming')
    clearIncoming = listener;
  return listener === clearIncoming;
}

function endResponse(response: ServerResponse, call: Call, calls: Calls): void {
  calls.captureResponse?.(call, (name) => response.getHeader(name));
  const code = response.headersSent ? response.statusCode : undefined;
  const error = response.writableFinished ? undefined : (response.errored ?? 'aborted');
  call.end({ code, error });
  leaveWaiting.get(response)?.();
}

interface Waiting {
  readonly calls: Set<Call>;
  readonly endAll: () => void;
}

const waitingOn = privateField<Waiting>();
/** On a pipelined response: takes its call from those that wait for the socket. */
const leaveWaiting = privateField<() => void>();

/**
 * Ends a call that is still open when its socket closes. Each socket has one listener while calls wait, however many.
 * A call that has ended must leave: the socket may serve requests for days.
 */
function endWithSocket(socket: Duplex, call: Call, guard: Guard): () => void {
  const waiting = waitingOn.get(socket) ?? waitOn(socket, guard);
  waiting.calls.add(call);
  return () => {
    waiting.calls.delete(call);
    if (waiting.calls.size > 0 || waitingOn.get(socket) !== waiting) return;
    socket.removeListener('close', waiting.endAll);
    waitingOn.clear(socket);
  };
}

function waitOn(socket: Duplex, guard: Guard): Waiting {
  const calls = new Set<Call>();
  const endAll = guard(() => {
    for (const call of calls) call.end({ error: 'aborted' });
  });
  const waiting = { calls, endAll };
  waitingOn.set(socket, waiting);
  socket.once('close', endAll);
  return waiting;
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/;

/**
 * Opens the call of an upgrade or CONNECT, whose handler answers on the bare socket. The call ends when the handler
 * writes the status line: the bytes in the tunnel are not part of the request.
 */
function openTunnel(request: IncomingMessage, socket: Duplex, calls: Calls, guard: Guard): Call | undefined {
  const call = open(request, calls);
  if (call === undefined) return undefined;
  const inspect = guard((chunk: unknown) => {
    const [, code] = STATUS_LINE.exec(headOf(chunk)) ?? [];
    if (code === undefined) return;
    call.end({ code: Number(code) });
    leave();
  });
  const leave = endWithSocket(socket, call, guard);
  watchFirstWrite(socket, inspect);
  return call;
}

function headOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk.slice(0, 16);
  return chunk instanceof Uint8Array ? Buffer.from(chunk.subarray(0, 16)).toString('latin1') : '';
}

function sharedAttributesOf({ headers, socket }: IncomingMessage): Attributes {
  return connectionAttributes(
    { authority: headers.host, headers, encrypted: isEncrypted(socket), socket },
    socket,
  );
}

/** Only TLS sockets have this property, and it is always true. */
function isEncrypted(socket: Socket & { encrypted?: boolean }): boolean {
  return socket.encrypted === true;
}

import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Attributes, Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { wrapEmit } from '../patching/wrap-emit.js';
import { HTTP_SERVER } from '../semconv/http.js';
import { connectionAttributes, schemeOf, targetAttributes } from '../semconv/http-server.js';

/**
 * Servers of HTTP/1, with and without TLS. A call begins when the parser has the headers and ends when the
 * response closes, which happens after success, abort and time-out alike.
 */
export const httpServer: Instrumentation = {
  name: 'http-server',
  aliases: ['http'],
  observes: 'Servers of node:http and node:https',
  conventions: [HTTP_SERVER],
  targets: [
    // Before every request event, and also for the requests that Node answers itself (400, 417, 503).
    { channel: 'http.server.request.start', attach: openRequest },
    {
      builtin: 'node:http',
      attach({ Server, IncomingMessage, ServerResponse }, calls, guard) {
        runRequestHandlersInCall(Server.prototype, calls, guard);
        const ofRequest = (request: object) => calls.of(request);
        const ofResponse = (response: object) => calls.of((response as ServerResponse).req);
        runMessageListenersInCall(IncomingMessage.prototype, ofRequest, calls, isRequestHeard);
        runMessageListenersInCall(
          ServerResponse.prototype,
          ofResponse,
          calls,
          isResponseHeard,
          guard(endResponse),
        );
      },
    },
    {
      builtin: 'node:https',
      attach({ Server }, calls, guard) {
        runRequestHandlersInCall(Server.prototype, calls, guard);
      },
    },
    {
      // With `allowHTTP1` a secure server of HTTP/2 also speaks the older versions. Node does not export its class.
      builtin: 'node:http2',
      attach({ createSecureServer }, calls, guard) {
        // Without authorities of its own it would read those of Node, which stops Node 22 for 50 ms.
        runRequestHandlersInCall(Object.getPrototypeOf(createSecureServer({ ca: [] })), calls, guard);
      },
    },
  ],
};

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
    sharedAttributes: () => partiesOf(request),
  });
}

const REQUEST_EVENTS = new Set(['request', 'checkContinue', 'checkExpectation']);
const TUNNEL_EVENTS = new Set(['upgrade', 'connect']);

type Emitting = Parameters<typeof wrapEmit>[0];

/** The handlers of a server, and all that they start, run inside the call of their request. */
function runRequestHandlersInCall(prototype: Emitting, calls: Calls, guard: Guard): void {
  const findRequest = guard((request: IncomingMessage, response: ServerResponse) => {
    const call = calls.of(request);
    // A pipelined response has no socket until those before it are done, and no `close` if the client leaves first.
    if (call !== undefined && response.socket === null) endWithSocket(request.socket, call, guard);
    return call;
  });
  const openUpgrade = guard((server: object, request: IncomingMessage, socket: Duplex) =>
    calls.isOwn(server) ? undefined : openTunnel(request, socket, calls, guard),
  );
  wrapEmit(prototype, {
    before(server, event, request, second) {
      if (REQUEST_EVENTS.has(event)) return findRequest(request as IncomingMessage, second as ServerResponse);
      if (TUNNEL_EVENTS.has(event)) return openUpgrade(server, request as IncomingMessage, second as Duplex);
      return undefined;
    },
  });
}

/**
 * The listeners of a message run inside its call. They are called from the socket, where Node has long lost the
 * context, so `emit` brings it back; `close` is the last event of a response and ends the call after its listeners.
 */
function runMessageListenersInCall(
  prototype: Emitting,
  callOf: (message: object) => Call | undefined,
  calls: Calls,
  isHeard: (message: EventEmitter, event: string) => boolean,
  endResponse?: (response: ServerResponse, call: Call) => void,
): void {
  wrapEmit(prototype, {
    before(message, event) {
      if (!isHeard(message, event)) return undefined;
      const call = callOf(message);
      if (call === undefined) return undefined;
      // A span of the application's own may be current within this call; it stays current.
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

/** Whether somebody else than Node listens to a request. To bring the context back costs more than to look. */
function isRequestHeard(request: EventEmitter, event: string): boolean {
  const count = request.listenerCount(event);
  return count > 1 || (count === 1 && !(event === 'end' && isNodes(request.listeners(event)[0])));
}

/** Node itself listens once to the end of each response, and starts nothing of the application there. */
function isResponseHeard(response: EventEmitter, event: string): boolean {
  return response.listenerCount(event) > (event === 'finish' ? 1 : 0);
}

let clearIncoming: unknown;

/** What Node listens with to the end of a request whose answer was faster. To ask for a name is slow. */
function isNodes(listener: unknown): boolean {
  if (clearIncoming === undefined && (listener as { name?: string }).name === 'clearIncoming')
    clearIncoming = listener;
  return listener === clearIncoming;
}

function endResponse(response: ServerResponse, call: Call): void {
  const code = response.headersSent ? response.statusCode : undefined;
  const error = response.writableFinished ? undefined : (response.errored ?? 'aborted');
  call.end({ code, error });
}

const waiting = new WeakMap<Duplex, Set<Call>>();

/** Ends calls that are still open when their socket closes. One listener a socket, however many calls wait. */
function endWithSocket(socket: Duplex, call: Call, guard: Guard): void {
  const known = waiting.get(socket);
  if (known !== undefined) {
    known.add(call);
    return;
  }
  const calls = new Set([call]);
  waiting.set(socket, calls);
  const endAll = guard(() => {
    for (const each of calls) each.end({ error: 'aborted' });
  });
  socket.once('close', () => void endAll());
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/;

/**
 * An upgrade or CONNECT: the handler answers on the bare socket. The call ends with the status line that it
 * writes; what flows through the tunnel afterwards is not part of the request.
 */
function openTunnel(request: IncomingMessage, socket: Duplex, calls: Calls, guard: Guard): Call | undefined {
  const call = open(request, calls);
  if (call === undefined) return undefined;
  const inspect = guard((chunk: unknown) => {
    const [, code] = STATUS_LINE.exec(headOf(chunk)) ?? [];
    if (code !== undefined) call.end({ code: Number(code) });
  });
  watchFirstWrite(socket, inspect);
  endWithSocket(socket, call, guard);
  return call;
}

type Write = (this: unknown, ...args: unknown[]) => unknown;

/** Shows `inspect` the first chunk that is written or ends the socket, and leaves the socket as it was. */
function watchFirstWrite(socket: Duplex, inspect: (chunk: unknown) => void): void {
  const showFirst = (write: Write): Write =>
    function (...args) {
      for (const restore of restores) restore();
      inspect(args[0]);
      return write.apply(this, args);
    };
  const restores = ['write', 'end'].map((name) => patch(socket, name, showFirst));
}

function headOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk.slice(0, 16);
  return chunk instanceof Uint8Array ? Buffer.from(chunk.subarray(0, 16)).toString('latin1') : '';
}

function partiesOf({ headers, socket }: IncomingMessage): Attributes {
  return connectionAttributes(
    { authority: headers.host, headers, encrypted: isEncrypted(socket), peer: socket },
    socket,
  );
}

/** Only sockets of TLS have this property, and theirs is true. */
function isEncrypted(socket: Socket & { encrypted?: boolean }): boolean {
  return socket.encrypted === true;
}

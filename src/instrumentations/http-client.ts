import { type ClientRequest, type IncomingMessage, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import type { Call, Calls, InjectCarrier, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { wrapEmit } from '../patching/wrap-emit.js';
import { unlessCancelled } from '../semconv/cancellation.js';
import { HTTP_CLIENT } from '../semconv/http.js';
import { targetAttributes, targetServer } from '../semconv/http-client.js';
import { peerOf } from '../semconv/peer.js';
import { propertyOf } from '../semconv/property.js';
import { type Authority, defaultPort } from '../semconv/url.js';

/**
 * Requests made with node:http and node:https. A call begins with the request object and ends when the request closes:
 * after the body, an error or an abort. If the response is never read, the call ends with its socket.
 */
export const httpClient: Instrumentation = {
  name: 'http-client',
  aliases: ['http'],
  observes: 'Requests made with node:http and node:https',
  conventions: [HTTP_CLIENT],
  targets: [
    {
      builtin: 'node:http',
      attach({ Agent, ClientRequest }, calls, guard) {
        rememberPort(Agent.prototype);
        rememberStop(ClientRequest.prototype);
        endWithRequest(ClientRequest.prototype, calls, guard(endRequest), guard(endTunnel));
      },
    },
    { channel: 'http.client.request.created', attach: ({ request }, calls) => openRequest(request, calls) },
    {
      channel: 'http.client.response.finish',
      attach({ request, response }, calls) {
        const call = calls.of(request);
        receiveHead(request, response, call);
        if (call !== undefined) calls.captureResponse?.(call, (name) => response.headers[name]);
      },
    },
    {
      channel: 'http.client.request.error',
      attach: ({ request, error }, calls) => failRequest(request, error, calls.of(request)),
    },
  ],
};

interface LatestRequest {
  request: ClientRequest | undefined;
  port: number | undefined;
}

/** A request does not expose its port. Its agent receives the port just before the `created` channel fires. */
const latestRequest: LatestRequest = { request: undefined, port: undefined };

type AddRequest = (
  this: unknown,
  request: ClientRequest,
  options: { port?: unknown },
  port: unknown,
  localAddress: unknown,
) => unknown;

function rememberPort(prototype: object): void {
  patch<AddRequest>(
    prototype,
    'addRequest',
    (addRequest) =>
      function (request, options, port, localAddress) {
        latestRequest.request = request;
        latestRequest.port = Number(options?.port) || undefined;
        return addRequest.call(this, request, options, port, localAddress);
      },
  );
}

function openRequest(request: Options, calls: Calls): void {
  const { method, protocol, path } = request;
  const scheme = protocol.replace(':', '');
  const headers = new RequestHeaders(request);
  const sent = { method, target: path, scheme, host: headers.get('host') };
  const server = targetServer(sent, connectionOf(request, scheme));
  const socketPath = socketPathOf(request);
  const isOpen = request.agent == null && path.startsWith('/') && server.port === defaultPort(scheme);
  if (isOpen && socketPath === undefined) portIsOpen.set(request, true);
  calls.open({
    kind: 'client',
    convention: HTTP_CLIENT,
    operation: method,
    subjects: [request],
    injectInto: headers,
    attributes: {
      'server.address': socketPath ?? server.address,
      'server.port': isOpen || socketPath !== undefined ? undefined : server.port,
    },
    spanAttributes: () => targetAttributes(sent, server),
  });
}

/** Properties that the type declarations omit. */
type Options = ClientRequest & { readonly agent?: unknown; readonly socketPath?: unknown };

/** The host and port of the options. */
function connectionOf(request: ClientRequest, scheme: string): Authority {
  const { request: latest, port } = latestRequest;
  latestRequest.request = undefined;
  const known = latest === request ? port : undefined;
  return { address: request.host, port: known ?? defaultPort(scheme) };
}

function socketPathOf({ socketPath }: Options): string | undefined {
  return typeof socketPath === 'string' && socketPath !== '' ? socketPath : undefined;
}

/**
 * Set on a request that the application connects by itself (`createConnection`), to which Node gives the default port
 * of its scheme, whatever it is connected to.
 */
const portIsOpen = privateField<boolean>();

/** Takes the port from what knows the connection: its socket, or the error that prevented it. */
function learnPort(request: ClientRequest, call: Call | undefined, port: unknown): void {
  if (portIsOpen.get(request) && typeof port === 'number') call?.set({ 'server.port': port });
}

/**
 * The headers of a request whose constructor has just run. Nothing is on the wire yet, but Node has already rendered
 * headers that were passed as an array or contain `Expect`. In that case the rendered text is changed.
 */
class RequestHeaders implements InjectCarrier {
  readonly #request: Rendered;

  constructor(request: ClientRequest) {
    this.#request = request as Rendered;
  }

  get(name: string): string | undefined {
    const request = this.#request;
    if (!request.headersSent) return request.getHeader(name)?.toString();
    const values = Array.from(request._header.matchAll(linesOf(name)), ([, value]) => value);
    return values.length === 0 ? undefined : values.join(',');
  }

  set(name: string, value: string): void {
    const request = this.#request;
    if (!request.headersSent) {
      request.setHeader(name, value);
      return;
    }
    validateHeaderValue(name, value);
    const before = request._header;
    const withoutIt = before.replace(linesOf(name), '');
    request._header = `${withoutIt.slice(0, -2)}${name}: ${value}\r\n\r\n`;
    // With `Expect`, the text is also queued as the first chunk of output.
    if (!request._headerSent) return;
    const [first] = request.outputData;
    if (first?.data !== before) throw new Error('the request headers were already sent');
    first.data = request._header;
  }
}

/** The lines of a header in rendered text. */
function linesOf(name: string): RegExp {
  return new RegExp(`^${name}: ?(.*)\r\n`, 'gim');
}

/** The internal fields in which Node keeps rendered headers. Their names are as old as Node itself. */
type Rendered = ClientRequest & {
  _header: string;
  readonly _headerSent: boolean;
  readonly outputData: { data: unknown }[];
};

function receiveHead(request: ClientRequest, response: IncomingMessage, call: Call | undefined): void {
  call?.answered(response.statusCode ?? 0);
  call?.set({ 'network.protocol.version': response.httpVersion });
  if (portIsOpen.get(request)) learnPort(request, call, response.socket && peerOf(response.socket).port);
}

function endWithRequest(
  prototype: Parameters<typeof wrapEmit>[0],
  calls: Calls,
  endRequest: (request: Closing, call: Call) => void,
  endTunnel: (request: ClientRequest, response: IncomingMessage, call: Call) => void,
): void {
  wrapEmit(prototype, {
    before(request, event, response) {
      if (event === 'timeout') ending.set(request, 'timeout');
      if (event !== 'close' && event !== 'upgrade' && event !== 'connect') return undefined;
      const call = calls.of(request);
      if (call !== undefined && event === 'close') endRequest(request as Closing, call);
      else if (call !== undefined) endTunnel(request as ClientRequest, response as IncomingMessage, call);
      return undefined;
    },
  });
}

function endTunnel(request: ClientRequest, response: IncomingMessage, call: Call): void {
  receiveHead(request, response, call);
  call.end({});
}

function failRequest(request: ClientRequest, error: unknown, call: Call | undefined): void {
  learnPort(request, call, propertyOf(error, 'port'));
  call?.end({ error: failure(request, error) });
}

function endRequest(request: Closing, call: Call): void {
  const { res: response, socket } = request;
  if (response?.complete) call.end({});
  else call.end({ error: failure(request, socket?.errored ?? response?.errored ?? 'aborted') });
}

type Destroy = (this: ClientRequest, error?: unknown) => ClientRequest;

/** What the application was told of a request, or did to it, before the request closed. */
const ending = privateField<'timeout' | 'stopped'>();

/** Without an error, `destroy` and `abort` are the wish of the application. Node reports a broken connection. */
function rememberStop(prototype: object): void {
  patch<Destroy>(
    prototype,
    'destroy',
    (destroy) =>
      function (error) {
        if (error == null && !this.destroyed && ending.get(this) === undefined) ending.set(this, 'stopped');
        return destroy.call(this, error);
      },
  );
}

/** What went wrong, or `undefined` if the application stopped the request itself, unless because of a timeout. */
function failure(request: ClientRequest, error: unknown): unknown {
  const how = ending.get(request);
  if (how === 'timeout')
    return error === 'aborted' ? 'TimeoutError' : (unlessCancelled(error) ?? 'TimeoutError');
  if (how === 'stopped' || (isHangUp(error) && isClosedHere(request.socket))) return undefined;
  return unlessCancelled(error);
}

/** What Node reports of a connection that closed too early, no matter from which side. */
function isHangUp(error: unknown): boolean {
  if (error === 'aborted') return true;
  return propertyOf(error, 'code') === 'ECONNRESET' && propertyOf(error, 'syscall') === undefined;
}

/** Whether a connection has closed though its peer neither ended nor broke it: by `destroy` of it or of its response. */
function isClosedHere(socket: Socket | null): boolean {
  return socket?.destroyed === true && socket.readableEnded === false && socket.errored === null;
}

/** A request with `res`, which the type declarations omit. */
type Closing = ClientRequest & { readonly res?: IncomingMessage };

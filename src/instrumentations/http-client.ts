import { type ClientRequest, type IncomingMessage, validateHeaderValue } from 'node:http';
import type { Call, Calls, InjectCarrier, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { wrapEmit } from '../patching/wrap-emit.js';
import { unlessCancelled } from '../semconv/cancellation.js';
import { HTTP_CLIENT } from '../semconv/http.js';
import { defaultPort, origin, redactUrl, splitAuthority } from '../semconv/url.js';

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
        endWithRequest(ClientRequest.prototype, calls, guard(endRequest), guard(endTunnel));
      },
    },
    { channel: 'http.client.request.created', attach: ({ request }, calls) => openRequest(request, calls) },
    {
      channel: 'http.client.response.finish',
      attach: ({ request, response }, calls) => receiveHead(response, calls.of(request)),
    },
    {
      channel: 'http.client.request.error',
      attach: ({ request, error }, calls) => calls.of(request)?.end({ error: failure(request, error) }),
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

function openRequest(request: ClientRequest, calls: Calls): void {
  const scheme = request.protocol.replace(':', '');
  const { address, port } = targetOf(request, scheme);
  calls.open({
    kind: 'client',
    convention: HTTP_CLIENT,
    operation: request.method,
    subjects: [request],
    injectInto: new RequestHeaders(request),
    attributes: { 'server.address': address, 'server.port': port },
    spanAttributes: () => ({
      'url.full': redactUrl(
        isAbsolute(request.path) ? request.path : origin(scheme, address, port) + request.path,
      ),
    }),
  });
}

function targetOf(request: ClientRequest, scheme: string): { address: string; port: number | undefined } {
  const { request: latest, port } = latestRequest;
  latestRequest.request = undefined;
  if (latest === request && port !== undefined) return { address: request.host, port };
  const host = request.getHeader('host');
  const named = typeof host === 'string' ? splitAuthority(host, scheme) : undefined;
  return { address: request.host, port: named?.port ?? defaultPort(scheme) };
}

function isAbsolute(path: string): boolean {
  return path.startsWith('http://') || path.startsWith('https://');
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

function receiveHead(response: IncomingMessage, call: Call | undefined): void {
  call?.answered(response.statusCode ?? 0);
  call?.set({ 'network.protocol.version': response.httpVersion });
}

function endWithRequest(
  prototype: Parameters<typeof wrapEmit>[0],
  calls: Calls,
  endRequest: (request: Closing, call: Call) => void,
  endTunnel: (response: IncomingMessage, call: Call) => void,
): void {
  wrapEmit(prototype, {
    before(request, event, response) {
      if (event !== 'close' && event !== 'upgrade' && event !== 'connect') return undefined;
      const call = calls.of(request);
      if (call !== undefined && event === 'close') endRequest(request as Closing, call);
      else if (call !== undefined) endTunnel(response as IncomingMessage, call);
      return undefined;
    },
  });
}

function endTunnel(response: IncomingMessage, call: Call): void {
  receiveHead(response, call);
  call.end({});
}

function endRequest(request: Closing, call: Call): void {
  const { res: response, socket } = request;
  if (response?.complete) call.end({});
  else call.end({ error: failure(request, socket?.errored ?? response?.errored ?? 'aborted') });
}

/** After `abort()` Node reports a broken connection, although the caller wanted it. */
function failure(request: ClientRequest, error: unknown): unknown {
  return request.aborted ? undefined : unlessCancelled(error);
}

/** A request with `res`, which the type declarations omit. */
type Closing = ClientRequest & { readonly res?: IncomingMessage };

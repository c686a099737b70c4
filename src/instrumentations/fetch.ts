import type { Calls, Guard, InjectCarrier, Instrumentation, Outcome } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { unlessCancelled } from '../semconv/cancellation.js';
import { HTTP_CLIENT } from '../semconv/http.js';
import { targetAttributes, targetServer } from '../semconv/http-client.js';
import { propertyOf } from '../semconv/property.js';
import { type Authority, defaultPort, withoutBrackets } from '../semconv/url.js';
import { runCallbacksOutside } from './undici/callbacks.js';
import { keepCallersInQueues } from './undici/pool-queue.js';

interface UndiciResponse {
  readonly statusCode: number;
  /** Names and values in turn. */
  readonly headers: readonly unknown[];
}

interface UndiciRequest {
  /** `https://host:port`, or a URL object in some versions. */
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  readonly upgrade?: string | null;
  /** The `Host` header, if the application has set it. */
  readonly host?: unknown;
  /** Names and values in turn. */
  readonly headers: unknown[];
  addHeader(name: string, value: string): void;
}

/**
 * `fetch` and undici 6 to 8, both the copy inside Node and the application's own. Each hop of a redirect is a call.
 * A call ends with the last byte of the body, a CONNECT with its answer. WebSocket handshakes are not observed: undici never reports their end.
 */
export const fetch: Instrumentation = {
  name: 'fetch',
  aliases: ['undici'],
  observes: 'Requests made with fetch and undici 6 to 8',
  conventions: [HTTP_CLIENT],
  targets: [
    {
      channel: 'undici:request:create',
      attach: ({ request }, calls, guard) => openRequest(request, calls, guard),
    },
    {
      channel: 'undici:request:headers',
      attach: ({ request, response }, calls) => receiveHead(request, response, calls),
    },
    { channel: 'undici:request:trailers', attach: ({ request }, calls) => endRequest(request, calls, {}) },
    {
      channel: 'undici:request:error',
      attach: ({ request, error }, calls) => endRequest(request, calls, { error: failure(error) }),
    },
    {
      channel: 'undici:client:connectError',
      attach: ({ error }) => void (isObject(error) && connectErrors.add(error)),
    },
    {
      builtin: 'node:events',
      attach: (_events, calls, guard) => keepCallersInQueues(calls, guard),
    },
  ],
};

function openRequest(request: UndiciRequest, calls: Calls, guard: Guard): void {
  if (request.upgrade) return;
  runCallbacksOutside(request, calls);
  if (request.method === 'CONNECT') watchTunnels(Object.getPrototypeOf(request), calls, guard);
  const origin = originOf(request);
  const { method, path: target, host } = request;
  const sent = { method, target, scheme: origin.scheme, host: typeof host === 'string' ? host : undefined };
  const server = targetServer(sent, origin);
  calls.open({
    kind: 'client',
    convention: HTTP_CLIENT,
    operation: method,
    subjects: [request],
    injectInto: new RequestHeaders(request),
    attributes: { 'server.address': server.address, 'server.port': server.port },
    spanAttributes: () => targetAttributes(sent, server),
  });
}

/** undici publishes interim answers too, such as 103. The status of a call is that of the final one. */
function receiveHead(request: object, { statusCode, headers }: UndiciResponse, calls: Calls): void {
  const call = calls.of(request);
  if (call === undefined || statusCode < 200) return;
  call.answered(statusCode);
  calls.captureResponse?.(call, (name) => valuesIn(headers, name));
}

type Upgrade = (this: object, statusCode: number | null, ...rest: unknown[]) => unknown;

const watched = new WeakSet<object>();

/** undici publishes the answer to a CONNECT in its latest versions only. In all of them it calls this method. */
function watchTunnels(prototype: object, calls: Calls, guard: Guard): void {
  if (watched.has(prototype)) return;
  watched.add(prototype);
  const end = guard((request: UndiciRequest, code: number | null) => {
    if (code !== null) endRequest(request, calls, { code });
  });
  for (const name of ['onUpgrade', 'onRequestUpgrade'].filter((each) => each in prototype))
    patch<Upgrade>(
      prototype,
      name,
      (upgrade) =>
        function (code, ...rest) {
          end(this as UndiciRequest, code);
          return upgrade.call(this, code, ...rest);
        },
    );
}

/** The headers of a request that has just been made. undici itself would send a second value beside the first. */
class RequestHeaders implements InjectCarrier {
  readonly #request: UndiciRequest;

  constructor(request: UndiciRequest) {
    this.#request = request;
  }

  get(name: string): string | undefined {
    const { headers } = this.#request;
    let values: string | undefined;
    for (let at = 0; at < headers.length; at += 2)
      if (isNamed(headers[at], name))
        values = values === undefined ? String(headers[at + 1]) : `${values},${headers[at + 1]}`;
    return values;
  }

  set(name: string, value: string): void {
    const { headers } = this.#request;
    for (let at = headers.length - 2; at >= 0; at -= 2) if (isNamed(headers[at], name)) headers.splice(at, 2);
    this.#request.addHeader(name, value);
  }
}

/** The values of a header of a response, whose names and values follow each other as bytes. */
function valuesIn(headers: readonly unknown[], name: string): string[] | undefined {
  const values = headers.filter((_, at) => at % 2 === 1 && isNamed(String(headers[at - 1]), name));
  return values.length === 0 ? undefined : values.map(String);
}

function isNamed(key: unknown, name: string): boolean {
  return typeof key === 'string' && key.length === name.length && key.toLowerCase() === name;
}

/** Forgets the call: undici may report an error after the end, and the streams of `fetch` keep a request alive. */
function endRequest(request: UndiciRequest, calls: Calls, outcome: Outcome): void {
  calls.of(request)?.end(outcome);
  calls.forget(request);
}

/** Errors of connections. Those of proxies and of an application's own `connect` look like cancellations. */
const connectErrors = new WeakSet<object>();

/** Codes that say that the application has destroyed the request, its client, or the stream that it writes to. */
const STOPPED = new Set<unknown>(['UND_ERR_ABORTED', 'UND_ERR_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE']);

/** What went wrong, or `undefined` if the application stopped the request itself, unless because of a timeout. */
function failure(reported: unknown): unknown {
  const code = propertyOf(reported, 'code');
  if (code === 'UND_ERR_DESTROYED') return undefined;
  if (isObject(reported) && connectErrors.has(reported)) return reported;
  const error = unlessCancelled(reported);
  if (!isObject(error) || STOPPED.has(code)) return undefined;
  // The request passed the body of another one on, whose client has left.
  if (code === 'ECONNRESET' && propertyOf(reported, 'message') === 'aborted') return undefined;
  // Any other error of the network has a code. Without one it is the reason that the application gave for the end.
  return isNamedFailure(error) || typeof propertyOf(error, 'code') === 'string' ? error : undefined;
}

/** Errors that have no code, or a number. */
function isNamedFailure(error: object): boolean {
  const name = propertyOf(error, 'name');
  return name === 'TimeoutError' || name === 'HTTPParserError';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

interface Origin extends Authority {
  readonly scheme: string;
}

/** Parsed origins. An application calls the same few services again and again. */
const origins = new Map<string, Origin>();
const MAX_ORIGINS = 100;

function originOf(request: UndiciRequest): Origin {
  const key = String(request.origin);
  const known = origins.get(key);
  if (known !== undefined) return known;
  const parsed = parseOrigin(key);
  if (origins.size < MAX_ORIGINS) origins.set(key, parsed);
  return parsed;
}

function parseOrigin(url: string): Origin {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  return { address: withoutBrackets(hostname), port: Number(port) || defaultPort(scheme), scheme };
}

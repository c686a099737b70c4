import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Call, Calls } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { privateField } from '../../patching/private-field.js';
import { wrapEmit } from '../../patching/wrap-emit.js';
import { whenSessionIsCreated } from './sessions.js';

/** How a boundary observes the streams of HTTP/2 servers. Its functions are guarded. */
export interface StreamBoundary<R extends ObservedRequest = ObservedRequest> {
  /** Opens the call of a request. Returns `undefined` if the request belongs to another boundary. */
  open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ServerHttp2Session): R | undefined;
  /** The headers of a request that its answer has shown not to be one of this boundary. Another one may adopt its call. */
  disown?(
    request: R,
    stream: ServerHttp2Stream,
    session: ServerHttp2Session,
  ): IncomingHttpHeaders | undefined;
  /** Takes over the call of a request that another boundary disowns. */
  adopt?(
    call: Call,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    session: ServerHttp2Session,
  ): R | undefined;
  /** Ends the call after the `close` listeners of its stream. By then `stream.session` is unset, hence `session`. */
  end(request: R, stream: ServerHttp2Stream, session: ServerHttp2Session): void;
  /** Receives the bytes of the request body as they arrive. */
  received?(request: R, chunk: Uint8Array): void;
  /** Receives the bytes of the response body as they are written. */
  sent?(request: R, chunk: Uint8Array): void;
}

/** The state that a boundary keeps for one request. */
export interface ObservedRequest {
  readonly call: Call;
  /**
   * Whether its boundary follows it by other means than its stream. One that is `expected` must have become `followed` when
   * the handlers of its `stream` event have returned, or its stream is observed after all.
   */
  otherwise?: 'expected' | 'followed' | undefined;
}

interface ObservedStream {
  readonly request: ObservedRequest;
  readonly boundary: StreamBoundary;
  readonly session: ServerHttp2Session;
}

const boundaries: StreamBoundary[] = [];
const observed = privateField<ObservedStream>();
const patched = new WeakSet<object>();

type Emitter = Parameters<typeof wrapEmit>[0];

/** Offers each request of HTTP/2 servers to the boundaries and runs its handlers and listeners inside its call. */
export function observeServerStreams<R extends ObservedRequest>(
  boundary: StreamBoundary<R>,
  calls: Calls,
): void {
  boundaries.push(boundary as StreamBoundary<ObservedRequest>);
  whenSessionIsCreated('ServerHttp2Session', (prototype) => {
    if (patched.has(prototype)) return;
    patched.add(prototype);
    runSessionListenersInCall(prototype as Emitter, calls);
  });
}

/** A session emits `stream` in the tick after the request headers; the server then emits it to the application. */
function runSessionListenersInCall(prototype: Emitter, calls: Calls): void {
  wrapEmit(prototype, {
    before(session, event, stream, headers) {
      if (event !== 'stream') return undefined;
      const found = open(
        session as unknown as ServerHttp2Session,
        stream as ServerHttp2Stream,
        headers as IncomingHttpHeaders,
      );
      if (found === undefined) return undefined;
      if (found.request.otherwise === undefined) observe(stream as ServerHttp2Stream, found, calls);
      else expected = { stream: stream as ServerHttp2Stream, found };
      return found.request.call;
    },
    after(event) {
      if (event !== 'stream' || expected === undefined) return;
      const { stream, found } = expected;
      expected = undefined;
      if (found.request.otherwise === 'followed') return;
      found.request.otherwise = undefined;
      observe(stream, found, calls);
    },
  });
}

/** The stream whose handlers run just now, if its boundary may follow it by other means. */
let expected: { readonly stream: ServerHttp2Stream; readonly found: ObservedStream } | undefined;

function open(
  session: ServerHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): ObservedStream | undefined {
  for (const boundary of boundaries) {
    const request = boundary.open(stream, headers, session);
    if (request !== undefined) return { request, boundary, session };
  }
  return undefined;
}

function observe(stream: ServerHttp2Stream, found: ObservedStream, calls: Calls): void {
  const prototype = Object.getPrototypeOf(stream);
  if (!patched.has(prototype)) {
    patched.add(prototype);
    runStreamListenersInCall(prototype, calls);
    watchBodies(prototype);
  }
  observed.set(stream, found);
}

/** Node calls the listeners of a stream from the socket, outside the context of its call. */
function runStreamListenersInCall(prototype: Emitter, calls: Calls): void {
  wrapEmit(prototype, {
    before(stream, event) {
      // `newListener` is emitted synchronously by the code that adds the listener, in that code's own context.
      if (event === 'newListener' || stream.listenerCount(event) === 0) return undefined;
      const call = observed.get(stream)?.request.call;
      if (call === undefined) return undefined;
      // Inside this call, a span that the application has started may be current. It stays current.
      return calls.current === call ? undefined : call;
    },
    afterClose(stream) {
      const found = observed.get(stream);
      if (found !== undefined) end(found, stream as ServerHttp2Stream);
      // Node keeps a closed stream alive until the second garbage collection.
      observed.clear(stream);
      calls.forget(stream);
    },
  });
}

function end({ request, boundary, session }: ObservedStream, stream: ServerHttp2Stream): void {
  const headers = boundary.disown?.(request, stream, session);
  if (headers !== undefined)
    for (const other of boundaries) {
      const adopted = other.adopt?.(request.call, stream, headers, session);
      if (adopted === undefined) continue;
      other.end(adopted, stream, session);
      return;
    }
  boundary.end(request, stream, session);
}

type Write = (this: ServerHttp2Stream, chunk: unknown, encoding: unknown, callback: unknown) => boolean;
type WriteAll = (this: ServerHttp2Stream, chunks: readonly { chunk: unknown }[], callback: unknown) => void;

/** All bytes of a stream pass through these three methods, however the application reads and writes. */
function watchBodies(prototype: object): void {
  const report = (direction: 'received' | 'sent', stream: ServerHttp2Stream, chunk: unknown): void => {
    const found = observed.get(stream);
    const listener = found?.boundary[direction];
    if (listener !== undefined && chunk instanceof Uint8Array)
      listener((found as ObservedStream).request, chunk);
  };
  const reporting = (direction: 'received' | 'sent') => (write: Write) =>
    function (this: ServerHttp2Stream, chunk: unknown, encoding: unknown, callback: unknown) {
      report(direction, this, chunk);
      return write.call(this, chunk, encoding, callback);
    };
  patch(prototype, 'push', reporting('received'));
  patch(prototype, '_write', reporting('sent'));
  patch<WriteAll>(
    prototype,
    '_writev',
    (writeAll) =>
      function (chunks, callback) {
        chunks.forEach(({ chunk }) => {
          report('sent', this, chunk);
        });
        writeAll.call(this, chunks, callback);
      },
  );
}

import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Call, Calls } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { privateField } from '../../patching/private-field.js';
import { wrapEmit } from '../../patching/wrap-emit.js';
import { serverSessionPrototype } from './sessions.js';

/** What a boundary makes of the streams of HTTP/2 servers. Its functions are guarded. */
export interface StreamBoundary<R extends ObservedRequest = ObservedRequest> {
  /** Opens the call of a request; nothing when the request is another boundary's. */
  open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): R | undefined;
  /** Ends the call, after the last event of its stream and the listeners of that. The stream has lost its session. */
  end(request: R, stream: ServerHttp2Stream, session: ServerHttp2Session): void;
  /** Sees the bytes of the request's body as they arrive. */
  received?(request: R, chunk: Uint8Array): void;
  /** Sees the bytes of the response's body as they leave. */
  sent?(request: R, chunk: Uint8Array): void;
}

/** A request as its boundary knows it. */
export interface ObservedRequest {
  readonly call: Call;
}

interface Observed {
  readonly request: ObservedRequest;
  readonly boundary: StreamBoundary;
  readonly session: ServerHttp2Session;
}

const boundaries: StreamBoundary[] = [];
const observed = privateField<Observed>();
const patched = new WeakSet<object>();

type Emitting = Parameters<typeof wrapEmit>[0];

/** Offers each request of HTTP/2 servers to the boundaries, and runs its handlers and listeners inside its call. */
export function observeServerStreams<R extends ObservedRequest>(
  http2: typeof import('node:http2'),
  boundary: StreamBoundary<R>,
  calls: Calls,
): void {
  boundaries.push(boundary as StreamBoundary<ObservedRequest>);
  const sessions = serverSessionPrototype(http2);
  if (patched.has(sessions)) return;
  patched.add(sessions);
  runSessionListenersInCall(sessions as ServerHttp2Session & Emitting, calls);
}

/** A session announces a stream in the tick after its headers; servers pass that on to the application. */
function runSessionListenersInCall(sessions: Emitting, calls: Calls): void {
  wrapEmit(sessions, {
    before: (session, event, stream, headers) =>
      event === 'stream'
        ? open(
            session as unknown as ServerHttp2Session,
            stream as ServerHttp2Stream,
            headers as IncomingHttpHeaders,
            calls,
          )
        : undefined,
  });
}

function open(
  session: ServerHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  calls: Calls,
): Call | undefined {
  const streams = Object.getPrototypeOf(stream);
  if (!patched.has(streams)) {
    patched.add(streams);
    runStreamListenersInCall(streams, calls);
    watchBodies(streams);
  }
  for (const boundary of boundaries) {
    const request = boundary.open(stream, headers);
    if (request === undefined) continue;
    observed.set(stream, { request, boundary, session });
    return request.call;
  }
  return undefined;
}

/** Node calls the listeners of a stream from the socket, without the context. */
function runStreamListenersInCall(streams: Emitting, calls: Calls): void {
  wrapEmit(streams, {
    before(stream, event) {
      // Whoever adds a listener stands where he stands.
      if (event === 'newListener' || stream.listenerCount(event) === 0) return undefined;
      const call = observed.get(stream)?.request.call;
      if (call === undefined) return undefined;
      // A span of the application's own may be current within this call; it stays current.
      return calls.current === call ? undefined : call;
    },
    afterClose(stream) {
      const found = observed.get(stream);
      found?.boundary.end(found.request, stream as ServerHttp2Stream, found.session);
      // Node keeps a stream until the collector of garbage has looked twice.
      observed.clear(stream);
      calls.forget(stream);
    },
  });
}

type Write = (this: ServerHttp2Stream, chunk: unknown, ...rest: unknown[]) => boolean;
type WriteAll = (this: ServerHttp2Stream, chunks: readonly { chunk: unknown }[], ...rest: unknown[]) => void;

/** All bytes of a stream pass these three methods, whichever way the application reads and writes. */
function watchBodies(streams: object): void {
  const see = (direction: 'received' | 'sent', stream: ServerHttp2Stream, chunk: unknown): void => {
    const found = observed.get(stream);
    const watch = found?.boundary[direction];
    if (watch !== undefined && chunk instanceof Uint8Array) watch((found as Observed).request, chunk);
  };
  const watching = (direction: 'received' | 'sent') => (write: Write) =>
    function (this: ServerHttp2Stream, chunk: unknown, ...rest: unknown[]) {
      see(direction, this, chunk);
      return write.call(this, chunk, ...rest);
    };
  patch(streams, 'push', watching('received'));
  patch(streams, '_write', watching('sent'));
  patch<WriteAll>(
    streams,
    '_writev',
    (writeAll) =>
      function (chunks, ...rest) {
        for (const { chunk } of chunks) see('sent', this, chunk);
        writeAll.call(this, chunks, ...rest);
      },
  );
}

import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { hiddenField } from '../hidden-field.js';
import type { Call, Calls } from '../instrumentation.js';
import { aroundEmit } from './around-emit.js';
import { serverSessionPrototype } from './http2-sessions.js';
import { patch } from './patch.js';

/** What a boundary makes of the streams of HTTP/2 servers. Its functions are guarded. */
export interface StreamBoundary {
  /** Opens the call of a request; nothing when the request is another boundary's. */
  open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Call | undefined;
  /** Ends the call, after the last event of its stream and the listeners of that. The stream has lost its session. */
  end(stream: ServerHttp2Stream, call: Call, session: ServerHttp2Session): void;
  /** Sees the bytes of the request's body as they arrive. */
  received?(stream: ServerHttp2Stream, chunk: Uint8Array): void;
  /** Sees the bytes of the response's body as they leave. */
  sent?(stream: ServerHttp2Stream, chunk: Uint8Array): void;
}

interface Observed {
  readonly call: Call;
  readonly boundary: StreamBoundary;
  readonly session: ServerHttp2Session;
}

const boundaries: StreamBoundary[] = [];
const observed = hiddenField<Observed>();
const patched = new WeakSet<object>();

type Emitting = Parameters<typeof aroundEmit>[0];

/** Offers each request of HTTP/2 servers to the boundaries, and runs its handlers and listeners inside its call. */
export function observeServerStreams(
  http2: typeof import('node:http2'),
  boundary: StreamBoundary,
  calls: Calls,
): void {
  boundaries.push(boundary);
  const sessions = serverSessionPrototype(http2);
  if (patched.has(sessions)) return;
  patched.add(sessions);
  runHandlersInside(sessions as ServerHttp2Session & Emitting, calls);
}

/** A session announces a stream in the tick after its headers; servers pass that on to the application. */
function runHandlersInside(sessions: Emitting, calls: Calls): void {
  aroundEmit(sessions, (session, args, emit) => {
    const call = args[0] === 'stream' ? open(session as ServerHttp2Session, args, calls) : undefined;
    return call === undefined ? emit.apply(session, args) : call.run(emit, session, ...args);
  });
}

function open(session: ServerHttp2Session, args: unknown[], calls: Calls): Call | undefined {
  const [, stream, headers] = args as [string, ServerHttp2Stream, IncomingHttpHeaders];
  const streams = Object.getPrototypeOf(stream);
  if (!patched.has(streams)) {
    patched.add(streams);
    runListenersInside(streams, calls);
    watchBodies(streams);
  }
  for (const boundary of boundaries) {
    const call = boundary.open(stream, headers);
    if (call === undefined) continue;
    observed.set(stream, { call, boundary, session });
    return call;
  }
  return undefined;
}

/** Node calls the listeners of a stream from the socket, without the context. */
function runListenersInside(streams: Emitting, calls: Calls): void {
  aroundEmit(streams, (stream, args, emit) => {
    const found = observed.get(stream);
    if (found === undefined) return emit.apply(stream, args);
    const { call, boundary, session } = found;
    try {
      // A span of the application's own may be current within this call; it stays current.
      const isInside = stream.listenerCount(args[0] as string) === 0 || calls.current === call;
      return isInside ? emit.apply(stream, args) : call.run(emit, stream, ...args);
    } finally {
      if (args[0] === 'close') boundary.end(stream as ServerHttp2Stream, call, session);
    }
  });
}

type Write = (this: ServerHttp2Stream, chunk: unknown, ...rest: unknown[]) => boolean;
type WriteAll = (this: ServerHttp2Stream, chunks: readonly { chunk: unknown }[], ...rest: unknown[]) => void;

/** All bytes of a stream pass these three methods, whichever way the application reads and writes. */
function watchBodies(streams: object): void {
  const see = (direction: 'received' | 'sent', stream: ServerHttp2Stream, chunk: unknown): void => {
    const watch = observed.get(stream)?.boundary[direction];
    if (watch !== undefined && chunk instanceof Uint8Array) watch(stream, chunk);
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

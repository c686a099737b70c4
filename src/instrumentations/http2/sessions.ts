import { EventEmitter } from 'node:events';
import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

type Http2 = typeof import('node:http2');

/** The prototype of client sessions. Node does not export their class. */
export function clientSessionPrototype({ connect }: Http2): ClientHttp2Session {
  return Object.getPrototypeOf(connect('http://localhost', { createConnection: neverConnected }));
}

/** The prototype of server sessions. Node does not export their class. */
export function serverSessionPrototype({ performServerHandshake }: Http2): ServerHttp2Session {
  return Object.getPrototypeOf(performServerHandshake(neverConnected()));
}

/** A session on a socket that never connects has no native handle, so it opens nothing that must be closed. */
function neverConnected(): Duplex {
  return Object.assign(new EventEmitter(), {
    connecting: true,
    _handle: { isStreamBase: true },
  }) as unknown as Duplex;
}

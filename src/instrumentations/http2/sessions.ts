import { EventEmitter } from 'node:events';
import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

type Http2 = typeof import('node:http2');

/** The prototype of the sessions of HTTP/2 clients, whose class Node does not export. */
export function clientSessionPrototype({ connect }: Http2): ClientHttp2Session {
  return Object.getPrototypeOf(connect('http://localhost', { createConnection: neverConnected }));
}

/** The prototype of the sessions of HTTP/2 servers, whose class Node does not export. */
export function serverSessionPrototype({ performServerHandshake }: Http2): ServerHttp2Session {
  return Object.getPrototypeOf(performServerHandshake(neverConnected()));
}

/** A session that waits for this socket has no native part: nothing is opened, and nothing is left to close. */
function neverConnected(): Duplex {
  return Object.assign(new EventEmitter(), {
    connecting: true,
    _handle: { isStreamBase: true },
  }) as unknown as Duplex;
}

import type { Socket } from 'node:net';

export interface Peer {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

/** The internal fields of a socket of Node: its handle, and the address of its peer once it has been read. */
type Internals = Socket & {
  readonly _handle?: { getpeername?(peer: Peer): number } | null;
  readonly _peername?: Peer | null;
};

/**
 * The other end of a connection. Reading `remoteAddress` makes Node keep the address, and then the socket still has it
 * after the client has left. An application can see that, so the handle of the socket is asked instead.
 */
export function peerOf(socket: Socket): Peer {
  const { _handle: handle, _peername: known } = socket as Internals;
  // Without a handle Node keeps nothing. An application behind a load balancer may define the address itself.
  if (known != null || typeof handle?.getpeername !== 'function' || definesAddress(socket))
    return { address: socket.remoteAddress, port: socket.remotePort };
  const peer: Peer = {};
  handle.getpeername(peer);
  return peer;
}

function definesAddress(socket: Socket): boolean {
  // biome-ignore lint/suspicious/noPrototypeBuiltins: the proxy that HTTP/2 has for a socket asks the real one only so.
  return socket.hasOwnProperty('remoteAddress');
}

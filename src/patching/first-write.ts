import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { patch } from './patch.js';
import { privateField } from './private-field.js';

type Inspect = (chunk: unknown) => void;
type Write = (this: unknown, ...args: unknown[]) => unknown;
type WriteGeneric = (
  this: Socket,
  isBatch: boolean,
  data: unknown,
  encoding: unknown,
  done: unknown,
) => unknown;

const watched = privateField<Inspect>();
let areSocketsPatched = false;

/**
 * Calls `inspect` once, with what is written first to `socket`. Sockets of Node share one patch of their prototype,
 * made for the first of them. Methods of the socket itself would have to be deleted again, and V8 keeps an object that
 * has lost a property as a dictionary: 2 KB more for each WebSocket, and slower for as long as it lives. Another
 * prototype for a while has the same price in Node 22.
 */
export function watchFirstWrite(socket: Duplex, inspect: Inspect): void {
  const { prototype } = process.getBuiltinModule('node:net').Socket;
  if (!Object.prototype.isPrototypeOf.call(prototype, socket)) {
    watchMethods(socket, inspect);
    return;
  }
  watched.set(socket, inspect);
  if (areSocketsPatched) return;
  areSocketsPatched = true;
  // Everything that a socket sends goes through this method, encrypted or not, one chunk or several at a time.
  patch<WriteGeneric>(
    prototype,
    '_writeGeneric',
    (write) =>
      function (isBatch, data, encoding, done) {
        const found = watched.get(this);
        if (found !== undefined) {
          watched.clear(this);
          found(isBatch ? (data as { chunk: unknown }[])[0]?.chunk : data);
        }
        return write.call(this, isBatch, data, encoding, done);
      },
  );
}

/** For a stream that is no socket of Node: watches its own `write` and `end`, and restores both. */
function watchMethods(stream: Duplex, inspect: Inspect): void {
  const inspectFirst = (write: Write): Write =>
    function (...args) {
      restores.forEach((restore) => {
        restore();
      });
      inspect(args[0]);
      return write.apply(this, args);
    };
  const restores = ['write', 'end'].map((name) => patch(stream, name, inspectFirst));
}

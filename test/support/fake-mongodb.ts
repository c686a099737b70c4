import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';

type Document = Record<string, unknown>;

export interface FakeMongodb {
  readonly port: number;
  close(): void;
}

const OP_MSG = 2013;
const OP_QUERY = 2004;
const HELLO = {
  ok: 1,
  isWritablePrimary: true,
  ismaster: true,
  minWireVersion: 0,
  maxWireVersion: 25,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
};

/**
 * Speaks as much of the protocol of MongoDB as the driver needs to send its commands. `answer` gets each of them; without
 * an answer the connection stays silent.
 */
export async function startFakeMongodb(
  answer: (command: Document) => Document | undefined,
): Promise<FakeMongodb> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 16 && received.length >= received.readInt32LE(0)) {
        const length = received.readInt32LE(0);
        respond(socket, received.subarray(0, length), answer);
        received = received.subarray(length);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function respond(socket: Socket, message: Buffer, answer: (command: Document) => Document | undefined): void {
  const [id, kind] = [message.readInt32LE(4), message.readInt32LE(12)];
  if (kind === OP_QUERY) {
    // The first greeting, in the old form: flags, cursor, start, number of documents, document.
    const head = Buffer.alloc(20);
    head.writeInt32LE(1, 16);
    send(socket, id, 1, Buffer.concat([head, BSON.serialize(HELLO)]));
    return;
  }
  // The documents of a bulk write follow this one.
  const command: Document = BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21)));
  const isHello = 'hello' in command || 'ismaster' in command;
  const reply = isHello ? HELLO : 'endSessions' in command ? { ok: 1 } : answer(command);
  if (reply !== undefined) send(socket, id, OP_MSG, Buffer.concat([Buffer.alloc(5), BSON.serialize(reply)]));
}

function send(socket: Socket, to: number, kind: number, body: Buffer): void {
  const head = Buffer.alloc(16);
  for (const [i, value] of [head.length + body.length, 0, to, kind].entries())
    head.writeInt32LE(value, 4 * i);
  socket.write(Buffer.concat([head, body]));
}

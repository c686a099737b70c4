import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { peerOf } from '../../src/semconv/peer.js';
import { createCertificate, hasOpenssl } from '../support/certificate.js';

/** The two ends of a connection to `server`. */
async function connectTo(server: Server, event: string, connect: (port: number) => Socket) {
  onTestFinished(() => void server.close());
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, event);
  const client = connect((server.address() as AddressInfo).port);
  onTestFinished(() => void client.destroy());
  const [socket] = (await accepted) as [Socket];
  return { client, socket };
}

const overTcp = () => connectTo(net.createServer(), 'connection', (port) => net.connect(port, '127.0.0.1'));

async function leave(client: Socket, socket: Socket): Promise<void> {
  client.destroy();
  await once(socket.resume(), 'close');
}

test('the address and port of the other end', async () => {
  const { client, socket } = await overTcp();

  expect(peerOf(socket)).toMatchObject({ address: '127.0.0.1', port: client.localPort });
  expect(peerOf(client)).toMatchObject({ address: '127.0.0.1', port: socket.localPort });
});

test('the socket does not keep the address after the client has left', async () => {
  const { client, socket } = await overTcp();
  const keys = Reflect.ownKeys(socket);
  peerOf(socket);

  expect(Reflect.ownKeys(socket)).toEqual(keys);
  await leave(client, socket);
  expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(peerOf(socket)).toMatchObject({ address: undefined, port: undefined });
});

test('the socket keeps an address that the application has read', async () => {
  const { client, socket } = await overTcp();
  const { remoteAddress, remotePort } = socket;
  await leave(client, socket);

  expect(peerOf(socket)).toEqual({ address: remoteAddress, port: remotePort });
});

test.skipIf(!hasOpenssl())('over TLS (needs openssl)', async () => {
  const certificate = createCertificate();
  onTestFinished(() => certificate.remove());
  const { client, socket } = await connectTo(tls.createServer(certificate), 'secureConnection', (port) =>
    tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }),
  );
  expect(peerOf(socket)).toMatchObject({ address: '127.0.0.1', port: client.localPort });

  await leave(client, socket);
  expect(socket.remoteAddress).toBeUndefined();
});

test('of an HTTP/2 session', async () => {
  const server = http2.createServer();
  const sessions = once(server, 'session');
  const { client, socket } = await connectTo(server, 'connection', (port) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    return session.socket as Socket;
  });
  const [session] = await sessions;
  expect(peerOf(session.socket)).toMatchObject({ address: '127.0.0.1', port: client.localPort });

  session.destroy();
  await once(socket, 'close');
  expect(socket.remoteAddress).toBeUndefined();
});

test('an address that the application has defined, also under an HTTP/2 session', async () => {
  const { socket } = await overTcp();
  Object.defineProperty(socket, 'remoteAddress', { get: () => '192.0.2.1' });
  expect(peerOf(socket).address).toBe('192.0.2.1');

  const server = http2.createServer();
  onTestFinished(() => void server.close());
  const sessions = once(server, 'session');
  server.emit('connection', socket);
  const [session] = await sessions;
  expect(peerOf(session.socket).address).toBe('192.0.2.1');
});

test('a Unix socket has none', async () => {
  const path = join(tmpdir(), `redhook-peer-${process.pid}.sock`);
  const server = net.createServer().listen(path);
  await once(server, 'listening');
  const { socket } = await connectTo(server, 'connection', () => net.connect(path));

  expect(peerOf(socket)).toEqual({ address: undefined, port: undefined });
});

test('the socket of an injected request has whatever the injector has given it', () => {
  expect(peerOf({ remoteAddress: '127.0.0.1' } as Socket)).toEqual({ address: '127.0.0.1', port: undefined });
});

import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { watchFirstWrite } from '../../src/patching/first-write.js';

const open: { close(): unknown }[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function connect(): Promise<Socket> {
  const server = net.createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  open.push({ close: () => socket.destroy() }, server);
  await once(socket, 'connect');
  return socket;
}

class Stream extends Duplex {
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  override _read(): void {}
}

test.each([
  ['socket', connect],
  ['stream', async () => new Stream()],
])('what is written first to a %s is inspected, once', async (_, make) => {
  const streams: Duplex[] = [await make(), await make(), await make()];
  const inspects = streams.map((stream) => {
    const inspect = vi.fn();
    watchFirstWrite(stream, inspect);
    return inspect;
  });
  const [first, second] = streams;

  first?.write('a');
  first?.write('b');
  second?.end('c');

  expect(inspects.map(({ mock }) => mock.calls)).toEqual([[['a']], [['c']], []]);
});

test('of several chunks that leave together, the first is inspected', async () => {
  const socket = await connect();
  const inspect = vi.fn();
  watchFirstWrite(socket, inspect);

  socket.cork();
  socket.write('a');
  socket.write('b');
  socket.uncork();

  expect(inspect.mock.calls).toEqual([['a']]);
});

test('a socket gains no property and no other prototype', async () => {
  const socket = await connect();
  const before = [Reflect.ownKeys(socket), Object.getPrototypeOf(socket)];
  watchFirstWrite(socket, () => {});

  expect([Reflect.ownKeys(socket), Object.getPrototypeOf(socket)]).toEqual(before);
  socket.write('a');
  expect([Reflect.ownKeys(socket), Object.getPrototypeOf(socket)]).toEqual(before);
});

test('the methods of another stream are restored', () => {
  const stream = new Stream();
  const before = Reflect.ownKeys(stream);
  watchFirstWrite(stream, () => {});
  stream.write('a');

  expect(Reflect.ownKeys(stream)).toEqual(before);
});

import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { whenSessionIsCreated } from '../../../src/instrumentations/http2/sessions.js';

test('the prototype is found while the first session is created, and known from then on', async () => {
  const exported = { connect: http2.connect, createServer: http2.createServer };
  const [client, server] = [vi.fn(), vi.fn()];
  whenSessionIsCreated('ClientHttp2Session', client);
  whenSessionIsCreated('ServerHttp2Session', server);
  expect(client).not.toHaveBeenCalled();

  const listener = exported.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const session = exported.connect(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);

  expect(client.mock.calls).toEqual([[Object.getPrototypeOf(session)]]);
  const [serverSession] = await once(listener, 'session');
  expect(server.mock.calls).toEqual([[Object.getPrototypeOf(serverSession)]]);

  const again = vi.fn();
  whenSessionIsCreated('ClientHttp2Session', again);
  expect(again.mock.calls).toEqual([[Object.getPrototypeOf(session)]]);
  session.destroy();
  listener.close();
});

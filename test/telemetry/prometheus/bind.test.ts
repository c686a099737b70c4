import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log } from '../../../src/log.js';
import { type Address, type Binding, bind } from '../../../src/telemetry/prometheus/bind.js';

let logged: string[];
const servers: Server[] = [];
const bindings: Binding[] = [];

beforeEach(() => {
  logged = [];
  for (const level of ['warn', 'info'] as const) {
    vi.spyOn(log, level).mockImplementation((message) => void logged.push(`${level} ${message}`));
  }
});
afterEach(() => {
  for (const binding of bindings.splice(0)) binding.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  vi.restoreAllMocks();
});

function start(address: Address): { server: Server; binding: Binding } {
  const server = createServer((_, response) => response.end('ok'));
  servers.push(server);
  const binding = bind(server, address);
  bindings.push(binding);
  return { server, binding };
}

async function hold(): Promise<{ port: number; free(): Promise<void> }> {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  return {
    port: (holder.address() as AddressInfo).port,
    async free() {
      holder.close();
      await once(holder, 'close');
    },
  };
}

test.each(['127.0.0.1', ''])(
  'a taken port is logged once, retried, and logged again when it is free (host %j)',
  async (host) => {
    const { port, free } = await hold();
    const { server } = start({ host, port });
    const taken =
      `warn metrics: port ${port} is taken (EADDRINUSE), expected a free port; retrying every 1 to 60 s, ` +
      'the application is not affected';
    await vi.waitUntil(() => logged.length > 0);
    expect(logged).toEqual([taken]);

    await free();
    await vi.waitUntil(() => server.listening, { timeout: 5_000 });
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('ok');
    expect(logged).toEqual([taken, `info metrics: now listening on port ${port}`]);
  },
);

test('a stopped binding does not take the port later', async () => {
  const { port, free } = await hold();
  const { server, binding } = start({ host: '127.0.0.1', port });
  await vi.waitUntil(() => logged.length > 0);
  binding.stop();
  await free();
  await delay(1_300);
  expect(server.listening).toBe(false);
});

test('an empty host listens on every interface, IPv6 and IPv4', async () => {
  const { server } = start({ host: '', port: 0 });
  await vi.waitUntil(() => server.listening);
  const { port } = server.address() as AddressInfo;
  const hasIPv6 = Object.values(networkInterfaces())
    .flat()
    .some((each) => each?.address === '::1');
  for (const host of ['127.0.0.1', ...(hasIPv6 ? ['[::1]'] : [])]) {
    expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('ok');
  }
  expect(logged).toEqual([]);
});

test('a host that is not an address of this machine is logged', async () => {
  start({ host: '192.0.2.1', port: 9464 });
  await vi.waitUntil(() => logged.length > 0);
  expect(logged[0]).toMatch(/^warn metrics: cannot listen on port 9464 \(listen EADDRNOTAVAIL.*\); retrying/);
});

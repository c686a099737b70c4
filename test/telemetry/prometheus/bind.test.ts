import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { markAsOwn } from '../../../src/calls/own-traffic.js';
import { log } from '../../../src/log.js';
import {
  type Address,
  type Binding,
  type ClusterPort,
  createBinding,
} from '../../../src/telemetry/prometheus/bind.js';
import { freePort } from '../../support/app.js';

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
  const binding = createBinding(server, address);
  binding.open();
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

describe('when the application wants the port', () => {
  const own: net.Server[] = [];
  afterEach(() => {
    for (const server of own.splice(0)) server.close();
  });

  /** A server of the application. It must get its port, whatever the page does. */
  function application(listen: (server: net.Server) => void): Promise<net.Server> {
    const server = net.createServer((socket) => socket.end('own'));
    own.push(server);
    listen(server);
    return once(server, 'listening').then(() => server);
  }

  async function page(host = ''): Promise<{ server: Server; port: number }> {
    const { server } = start({ host, port: await freePort() });
    await once(server, 'listening');
    return { server, port: (server.address() as AddressInfo).port };
  }

  test.each<[string, (port: number) => net.ListenOptions]>([
    ['a port', (port) => ({ port })],
    ['a port as text', (port) => ({ port: String(port) as unknown as number })],
    ['every IPv4 address', (port) => ({ port, host: '0.0.0.0' })],
    ['loopback', (port) => ({ port, host: '127.0.0.1' })],
    ['a name', (port) => ({ port, host: 'localhost' })],
    ['exclusive', (port) => ({ port, exclusive: true })],
    ['reusePort', (port) => ({ port, reusePort: true })],
  ])('it gets it: %s', async (_, listenOptions) => {
    const { server, port } = await page();
    await application((each) => each.listen(listenOptions(port)));
    expect(server.listening).toBe(false);
    expect(logged).toEqual([givesWay(port)]);
  });

  test('the page returns when the port is free again, and gives way again', async () => {
    const { server, port } = await page();
    const rival = await application((each) => each.listen(port));
    // Attempts fail in the meantime. Nothing more is said about them.
    await delay(1_300);
    rival.close();
    await vi.waitUntil(() => logged.length > 1, { timeout: 5_000 });
    expect(logged).toEqual([givesWay(port), `info metrics: now listening on port ${port}`]);
    await application((each) => each.listen(port));
    expect(server.listening).toBe(false);
  });

  test.each(['first', 'last'])('it gets it when it asks %s, and both look up a host', async (order) => {
    const port = await freePort();
    let rival: Promise<net.Server> | undefined;
    const ask = () => {
      rival = application((each) => each.listen(port, '127.0.0.1'));
    };
    // The watch begins when the binding is created, which is before the application starts.
    const server = createServer();
    servers.push(server);
    const binding = createBinding(server, { host: '127.0.0.1', port });
    bindings.push(binding);
    if (order === 'first') ask();
    binding.open();
    if (order === 'last') ask();
    await rival;
    expect(server.listening).toBe(false);
  });

  test('a scrape that is under way is answered, and its connection does not stay', async () => {
    const { server, port } = await page();
    server.removeAllListeners('request');
    let answer = (): void => {};
    server.on('request', (_, response) => {
      answer = () => response.end('scraped');
    });
    const socket = net.connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(server, 'request');
    await application((each) => each.listen(port));
    answer();
    expect(String((await once(socket, 'data'))[0])).toContain('scraped');
    socket.resume();
    await once(socket, 'close');
  });

  test('another port, a path and a server of Redhook are no reason', async () => {
    const { server, port } = await page();
    await expect(
      application((each) => {
        markAsOwn(each);
        each.listen(port);
      }),
    ).rejects.toThrow('EADDRINUSE');
    await application((each) => each.listen(0));
    await application((each) => each.listen(`\0redhook-${process.pid}`));
    expect(server.listening).toBe(true);
    expect(logged).toEqual([]);
  });
});

function givesWay(port: number): string {
  return (
    `warn metrics: the application listens on port ${port} itself, expected another port in ` +
    'OTEL_EXPORTER_PROMETHEUS_PORT; the metrics page is closed, retrying every 1 to 60 s'
  );
}

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
  expect(logged).toEqual([`info metrics: listening on port ${port}`]);
});

test('a host that is not an address of this machine is logged', async () => {
  start({ host: '192.0.2.1', port: 9464 });
  await vi.waitUntil(() => logged.length > 0);
  expect(logged[0]).toMatch(/^warn metrics: cannot listen on port 9464 \(listen EADDRNOTAVAIL.*\); retrying/);
});

test('a port that another process of the cluster wants is given up as soon as the server has it', async () => {
  const port = await freePort();
  const serving: boolean[] = [];
  let release = (_: number): void => {};
  const clusterPort: ClusterPort = {
    setServing: (isServing) => void serving.push(isServing),
    reclaim() {},
    whenReclaimed: (callback) => {
      release = callback;
    },
  };
  const server = createServer();
  servers.push(server);
  // A name, so that the server does not have its port before it is looked up.
  const binding = createBinding(server, { host: 'localhost', port }, () => clusterPort);
  bindings.push(binding);
  binding.open();
  expect(serving).toEqual([true]);

  release(port);
  await vi.waitUntil(() => serving.length > 1);

  expect(serving).toEqual([true, false]);
  expect(server.listening).toBe(false);
  expect(logged).toEqual([expect.stringContaining(`the application listens on port ${port} itself`)]);
});

import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { fetch as fetchInstrumentation } from '../../../src/instrumentations/fetch.js';
import { grpcClient } from '../../../src/instrumentations/grpc-client.js';
import { httpClient } from '../../../src/instrumentations/http-client.js';
import { http2Client } from '../../../src/instrumentations/http2-client.js';
import { strangersAmong } from '../../support/callers.js';
import { echo, loadGrpc, loadOrders, serveOrders } from '../../support/grpc.js';
import { record } from '../../support/recorder.js';
import { UNDICIS, type Undici } from '../../support/undici.js';

record(fetchInstrumentation, httpClient, http2Client, grpcClient);

const server = http
  .createServer((request, response) => setTimeout(() => response.end(request.headers['traceparent']), 1))
  .listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}`;

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const dispatchers: Record<string, (undici: Undici) => Undici> = {
  Agent: ({ Agent }) => new Agent({ connections: 2 }),
  Pool: ({ Pool }) => new Pool(url, { connections: 2 }),
  BalancedPool: ({ BalancedPool }) => new BalancedPool([url], { connections: 2 }),
  Client: ({ Client }) => new Client(url, { pipelining: 3 }),
  'composed Agent': ({ Agent, interceptors }) =>
    new Agent({ connections: 2 }).compose(
      interceptors.retry(),
      interceptors.redirect({ maxRedirections: 1 }),
    ),
  'composed Pool': ({ Pool, interceptors }) =>
    new Pool(url, { connections: 2 }).compose(interceptors.redirect({ maxRedirections: 1 })),
  'Agent with dns and cache': ({ Agent, interceptors: { dns, cache } }) =>
    new Agent({ connections: 2 }).compose(...[dns?.(), cache?.()].filter((each) => each !== undefined)),
  RetryAgent: ({ RetryAgent, Agent }) => new RetryAgent(new Agent({ connections: 2 })),
  EnvHttpProxyAgent: ({ EnvHttpProxyAgent }) => new EnvHttpProxyAgent({ connections: 2, noProxy: '*' }),
};

describe.each(UNDICIS)('%s', (_, load) => {
  test.each(Object.keys(dispatchers))(
    'each request of a busy %s is in the trace of its caller',
    async (kind) => {
      const undici = await load();
      const dispatcher = dispatchers[kind]?.(undici);

      const byRequest = await strangersAmong(async () =>
        (await undici.request(url, { dispatcher })).body.text(),
      );
      const byFetch = await strangersAmong(async () => (await undici.fetch(url, { dispatcher })).text(), {
        requests: 60,
      });

      await dispatcher.destroy?.();
      expect({ byRequest, byFetch }).toEqual({ byRequest: [], byFetch: [] });
    },
  );

  test("Node's own fetch with the busy Agent of the package", async () => {
    const undici = await load();
    const before = undici.getGlobalDispatcher();
    const agent = new undici.Agent({ connections: 2 });
    undici.setGlobalDispatcher(agent);

    const strangers = await strangersAmong(async () => (await fetch(url)).text());

    undici.setGlobalDispatcher(before);
    await agent.destroy();
    expect(strangers).toEqual([]);
  });

  test('each request through a busy ProxyAgent is in the trace of its caller', async () => {
    const undici = await load();
    const proxy = http
      .createServer((request, response) => {
        request.pipe(
          http.request(request.url ?? '', { headers: request.headers }, (answer) => answer.pipe(response)),
        );
      })
      .on('connect', (request, socket) => {
        const [host, port] = String(request.url).split(':');
        const far = process.getBuiltinModule('node:net').connect(Number(port), host, () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          far.pipe(socket).pipe(far);
        });
        far.on('error', () => {});
        socket.on('error', () => far.destroy());
      })
      .listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const uri = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const dispatcher = new undici.ProxyAgent({ uri, connections: 2, proxyTunnel: true });

    const strangers = await strangersAmong(async () =>
      (await undici.request(url, { dispatcher })).body.text(),
    );

    await dispatcher.destroy();
    proxy.closeAllConnections();
    proxy.close();
    expect(strangers).toEqual([]);
  });

  test('requests with the same options object, in a busy Pool', async () => {
    const { Pool } = await load();
    const pool = new Pool(url, { connections: 1 });
    const options = { path: '/', method: 'GET' };

    const strangers = await strangersAmong(async () => (await pool.request(options)).body.text());

    await pool.destroy();
    expect(strangers).toEqual([]);
  });
});

test('each request that waits for a socket of http.Agent is in the trace of its caller', async () => {
  for (const keepAlive of [true, false]) {
    const agent = new http.Agent({ maxSockets: 2, keepAlive });
    const get = () =>
      new Promise<string>((resolve, reject) => {
        http
          .get(url, { agent }, (response) => {
            let body = '';
            response
              .setEncoding('utf8')
              .on('data', (chunk) => {
                body += chunk;
              })
              .on('end', () => resolve(body));
          })
          .on('error', reject);
      });
    expect(await strangersAmong(get)).toEqual([]);
    agent.destroy();
  }
});

test('each request that waits for a stream of an HTTP/2 session is in the trace of its caller', async () => {
  const server = http2
    .createServer({ settings: { maxConcurrentStreams: 2 } })
    .on('stream', (stream, headers) => {
      stream.respond();
      stream.end(headers['traceparent']);
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(session, 'remoteSettings');

  const strangers = await strangersAmong(async () => {
    let body = '';
    for await (const chunk of session.request().setEncoding('utf8')) body += chunk;
    return body;
  });

  session.destroy();
  server.close();
  expect(strangers).toEqual([]);
});

test('each call that waits for a gRPC channel is in the trace of its caller', async () => {
  const grpc = loadGrpc();
  const server = new grpc.Server({ 'grpc.max_concurrent_streams': 2 });
  const port = await serveOrders(grpc, server, {
    ...echo,
    Get: (call, done) => done(null, { id: String(call.metadata.get('traceparent')[0]) }),
  });
  const client = new (loadOrders(grpc))(`127.0.0.1:${port}`, grpc.credentials.createInsecure());

  const strangers = await strangersAmong(
    () =>
      new Promise((resolve, reject) => {
        // biome-ignore lint/suspicious/noExplicitAny: a client whose methods are made at run time.
        (client as any).Get({ id: 'x' }, (error: Error | null, order: { id: string }) =>
          error === null ? resolve(order.id) : reject(error),
        );
      }),
  );

  client.close();
  server.forceShutdown();
  expect(strangers).toEqual([]);
});

import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import { asOwnTraffic } from '../../src/calls/own-traffic.js';
import { fetch as instrumentation } from '../../src/instrumentations/fetch.js';
import { record } from '../support/recorder.js';

const recorder = record(instrumentation);
const servers: http.Server[] = [];
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const traced = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: TRACE_ID,
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
});

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  recorder.ended.length = 0;
});

async function serve(handler: RequestListener): Promise<{ port: number; url: string }> {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

/** Returns a URL on which no server listens. */
async function closedUrl(): Promise<string> {
  const { url } = await serve(() => {});
  servers.pop()?.close();
  return url;
}

const undicis = [
  ['the fetch of Node', async () => fetch],
  ['undici 6', async () => (await import('undici6')).fetch],
  ['undici 7', async () => (await import('undici7')).fetch],
  ['undici 8', async () => (await import('undici')).fetch],
] as const;

describe.each(undicis)('%s', (_, load) => {
  test('a request is one call with its target, and carries the trace context', async () => {
    const { url, port } = await serve((request, response) => response.end(request.headers['traceparent']));
    const fetch = (await load()) as typeof globalThis.fetch;

    const response = await context.with(traced, () => fetch(`${url}/a?sig=s3cret&b=1`));

    const traceparent = await response.text();
    const [call] = await recorder.take(1);
    expect(traceparent).toBe(`00-${TRACE_ID}-${call?.spanId}-01`);
    expect(call).toMatchObject({
      kind: 'client',
      operation: 'GET',
      code: 200,
      error: undefined,
      traceId: TRACE_ID,
    });
    expect(call?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': `${url}/a?sig=REDACTED&b=1`,
      'http.response.status_code': 200,
    });
  });

  test('each hop of a redirect is a call', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/2') response.end('there');
      else response.writeHead(302, { location: '/2' }).end();
    });
    const fetch = (await load()) as typeof globalThis.fetch;

    expect(await (await fetch(`${url}/1`)).text()).toBe('there');

    expect((await recorder.take(2)).map(({ code }) => code)).toEqual([302, 200]);
  });

  test('an abort is not an error, but a timeout is', async () => {
    const { url } = await serve(() => {});
    const fetch = (await load()) as typeof globalThis.fetch;
    const controller = new AbortController();

    const aborted = fetch(url, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await expect(fetch(url, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });

    expect((await recorder.take(2)).map(({ code, error }) => [code, error])).toEqual([
      [undefined, undefined],
      [undefined, 'TimeoutError'],
    ]);
  });

  test('a refused connection and a broken connection are errors', async () => {
    const { url } = await serve((_, response) => void response.write('part', () => response.destroy()));
    const fetch = (await load()) as typeof globalThis.fetch;

    await expect(fetch(await closedUrl())).rejects.toThrow();
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow();

    const [refused, broken] = await recorder.take(2);
    expect(refused).toMatchObject({ code: undefined, error: 'ECONNREFUSED' });
    expect(broken).toMatchObject({ code: 200, error: 'UND_ERR_SOCKET' });
  });
});

test('requests made with undici.request and with a Pool are observed', async () => {
  const { Pool, request } = await import('undici');
  const { url } = await serve((_, response) => response.writeHead(503).end('busy'));
  const pool = new Pool(url);

  for (const { body } of [
    await request(url),
    await pool.request({ path: '/p', method: 'POST', body: 'x' }),
  ]) {
    await body.text();
  }
  await pool.close();

  expect((await recorder.take(2)).map(({ operation, code, error }) => [operation, code, error])).toEqual([
    ['GET', 503, '503'],
    ['POST', 503, '503'],
  ]);
});

test('a WebSocket handshake is not observed', async () => {
  const { url } = await serve((_, response) => response.end());
  const socket = new WebSocket(url.replace('http', 'ws'));

  await once(socket, 'error');

  await recorder.take(0);
});

test("Redhook's own requests are not observed", async () => {
  const { url } = await serve((_, response) => response.end());

  await (await asOwnTraffic(() => fetch(url))).text();

  await recorder.take(0);
});

/** A hostile client makes neither the memory nor the page grow without limit, and does not affect other clients. */

import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, freePort, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

const REQUESTS = 100_000;
const CONNECTIONS = 50;
const LONG = 'x'.repeat(7_000);

let collector: Collector;
let app: App;
let port: number;

beforeAll(async () => {
  collector = await startCollector();
  port = await freePort();
  app = await startApp('orders/app.cjs', {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_PROMETHEUS_PORT: String(port) },
  });
});
afterAll(async () => {
  await app?.stop();
  await collector?.close();
});

test('a hundred thousand paths, methods and hosts keep the memory and the page bounded', {
  timeout: 240_000,
}, async () => {
  const methods = ['GET', 'PROPFIND', 'PURGE', 'LINK', 'M-SEARCH', 'QUERY'];
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const { port: appPort, hostname } = new URL(app.url);
  let sent = 0;

  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (sent < REQUESTS) {
        const n = sent;
        sent += 1;
        await request({
          agent,
          hostname,
          port: appPort,
          method: methods[n % methods.length] ?? 'GET',
          path: `/${n}/${n * 7}?q=${n}`,
          headers: {
            host: `${n}.example`,
            'x-forwarded-proto': `proto${n}`,
            'user-agent': `agent/${n}`,
            ...(n % 100 === 0 && { traceparent: LONG, baggage: `k=${LONG}` }),
          },
        });
      }
    }),
  );
  agent.destroy();

  const samples = await scrape(port);
  const series = samples.filter(({ name }) => name === 'http_server_request_duration_seconds_count').length;
  const resident = residentMegabytes(app.pid);
  console.log(
    `hostile: ${REQUESTS} requests, ${series} series, ${samples.length} samples, ${resident} MB resident`,
  );
  expect(total(samples, 'http_server_request_duration_seconds_count')).toBe(REQUESTS);
  expect(series).toBeLessThan(20);
  expect(resident).toBeLessThan(400);
});

test('a thousand slow connections to /metrics do not block other clients', { timeout: 60_000 }, async () => {
  const sockets = Array.from({ length: 1_000 }, () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    return socket;
  });
  const before = residentMegabytes(app.pid);

  for (let i = 0; i < 50; i += 1) expect((await fetch(app.url)).status).toBe(200);
  await expect
    .poll(
      () =>
        scrape(port).then(
          () => true,
          () => false,
        ),
      { timeout: 30_000 },
    )
    .toBe(true);

  console.log(`hostile: 1000 slow connections, ${before} -> ${residentMegabytes(app.pid)} MB resident`);
  for (const socket of sockets) socket.destroy();
});

async function request(options: http.RequestOptions): Promise<void> {
  return new Promise((resolve) => {
    http
      .request(options, (response) => response.resume().on('end', resolve))
      .on('error', () => resolve())
      .end();
  });
}

function residentMegabytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

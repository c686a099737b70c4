import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openHttp, retryAfterMs } from '../../../../src/telemetry/otlp/transport/http.js';
import { otlp } from '../../../support/exporter.js';

test.each([
  ['3', 3_000],
  ['0', 0],
  ['Mon, 23 Nov 2026 10:00:05 GMT', 5_000],
  ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('reads Retry-After: %s', (value, expected) => {
  expect(retryAfterMs(value, Date.parse('2026-11-23T10:00:00Z'))).toBe(expected);
});

test('a connection that is used again collects no listeners', async () => {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = openHttp(otlp(`http://127.0.0.1:${port}/v1/traces`, { protocol: 'http/protobuf' }));
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => {
    process.off('warning', onWarning);
    transport.close();
    server.close();
  });

  for (let turn = 0; turn < 15; turn += 1) {
    expect(await transport.send([Buffer.from('spans')])).toMatchObject({ status: 'success' });
    await sleep(1);
  }

  expect(sockets).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test('sends nothing after the timeout, when the bytes may belong to other spans', async () => {
  const arrived: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    arrived.push(text);
    if (text === 'first') response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = openHttp(
    otlp(`http://127.0.0.1:${port}/v1/traces`, { protocol: 'http/protobuf', timeoutMs: 200 }),
  );
  onTestFinished(() => {
    transport.close();
    server.close();
    server.closeAllConnections();
  });

  await transport.send([Buffer.from('first')]);
  // On the connection of the first request, which is one that the receiver could just have closed.
  const bytes = Buffer.from('second');
  expect(await transport.send([bytes])).toMatchObject({ status: 'retryable' });
  bytes.write('others');
  await sleep(300);

  expect(arrived).toEqual(['first', 'second']);
});

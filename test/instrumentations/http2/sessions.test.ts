import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  clientSessionPrototype,
  serverSessionPrototype,
} from '../../../src/instrumentations/http2/sessions.js';

test('obtaining the prototypes leaves no resources or performance entries behind', async () => {
  const entries: unknown[] = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ entryTypes: ['http2'] });
  const before = process.getActiveResourcesInfo();

  clientSessionPrototype(http2);
  serverSessionPrototype(http2);

  expect(process.getActiveResourcesInfo()).toEqual(before);
  await delay(20);
  expect(entries).toEqual([]);
  observer.disconnect();
});

test('the prototypes belong to real sessions', async () => {
  const server = http2.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [session] = await once(server, 'session');

  expect(Object.getPrototypeOf(client)).toBe(clientSessionPrototype(http2));
  expect(Object.getPrototypeOf(session)).toBe(serverSessionPrototype(http2));
  client.destroy();
  server.close();
});

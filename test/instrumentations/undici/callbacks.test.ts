import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { fetch as fetchInstrumentation } from '../../../src/instrumentations/fetch.js';
import { strangersAmong } from '../../support/callers.js';
import { record } from '../../support/recorder.js';
import { UNDICIS } from '../../support/undici.js';

record(fetchInstrumentation);

const tried = new Set<string>();

/** `/redirect` leads to `/`; `/retry` fails the first time that a request asks for it. */
const server = http
  .createServer((request, response) => {
    const { url = '/', headers } = request;
    if (url.startsWith('/redirect')) {
      response.writeHead(302, { location: '/' }).end();
    } else if (url.startsWith('/retry') && !tried.has(url)) {
      tried.add(url);
      response.writeHead(503).end();
    } else {
      response.end(headers['traceparent']);
    }
  })
  .listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each(UNDICIS)('%s', (name, load) => {
  test.each([1, 20])(
    'each hop of a redirect is in the trace of its caller, %i at a time',
    async (atATime) => {
      const { Agent, interceptors, request } = await load();
      const dispatcher = new Agent({ connections: 2 }).compose(interceptors.redirect({ maxRedirections: 2 }));

      const strangers = await strangersAmong(
        async () => (await request(`${url}/redirect`, { dispatcher })).body.text(),
        { requests: 100, atATime },
      );

      await dispatcher.destroy();
      expect(strangers).toEqual([]);
    },
  );

  test.each([1, 20])('each retry is in the trace of its caller, %i at a time', async (atATime) => {
    const { Agent, interceptors, request } = await load();
    const dispatcher = new Agent({ connections: 2 }).compose(interceptors.retry({ minTimeout: 1 }));

    const strangers = await strangersAmong(
      async (i) => (await request(`${url}/retry/${name}/${atATime}/${i}`, { dispatcher })).body.text(),
      { requests: 100, atATime },
    );

    await dispatcher.destroy();
    expect(strangers).toEqual([]);
  });
});

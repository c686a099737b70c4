import { expect, test } from 'vitest';
import { targetAttributes, targetServer } from '../../src/semconv/http-client.js';

const connection = { address: '10.0.0.7', port: 3128 };

test.each([
  ['GET', '/v1', undefined, ['10.0.0.7', 3128], 'http://10.0.0.7:3128/v1'],
  ['GET', '/v1', 'orders.example:8080', ['orders.example', 8080], 'http://orders.example:8080/v1'],
  ['GET', '/v1', 'orders.example', ['orders.example', 3128], 'http://orders.example:3128/v1'],
  ['GET', '/v1', '[::1]:80', ['::1', 80], 'http://[::1]/v1'],
  ['GET', 'http://orders.example/v1', 'other', ['orders.example', 80], 'http://orders.example/v1'],
  ['GET', 'https://orders.example?a', 'other', ['orders.example', 443], 'https://orders.example?a'],
  [
    'GET',
    'http://u:p@w@orders.example:81/',
    undefined,
    ['orders.example', 81],
    'http://REDACTED:REDACTED@orders.example:81/',
  ],
  ['OPTIONS', '*', 'orders.example:80', ['orders.example', 80], 'http://orders.example'],
  ['CONNECT', 'db.example:5432', 'other', ['db.example', 5432], 'http://db.example:5432'],
])('%s %s with the host %s', (method, target, host, [address, port], url) => {
  const request = { method, target, scheme: 'http', host };
  const server = targetServer(request, connection);

  expect(server).toEqual({ address, port });
  expect(targetAttributes(request, server)).toEqual({ 'url.full': url });
});

test('names that the clients of a proxy make up are the server of the connection, beyond a number of them', () => {
  const servers = Array.from({ length: 300 }, (_, i) => [
    targetServer({ method: 'GET', target: '/', scheme: 'http', host: `${i}.example` }, connection),
    targetServer(
      { method: 'GET', target: `http://a.example:${i + 1}/`, scheme: 'http', host: '' },
      connection,
    ),
    targetServer({ method: 'CONNECT', target: `b.example:${i}`, scheme: 'http', host: '' }, connection),
    targetServer({ method: 'GET', target: '/', scheme: 'http', host: 'x'.repeat(9_000) }, connection),
  ]).flat();

  expect(new Set(servers.map(({ address, port }) => `${address}:${port}`)).size).toBeLessThanOrEqual(101);
  expect(servers.at(-1)).toBe(connection);
});

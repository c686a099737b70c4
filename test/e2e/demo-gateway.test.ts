/** The output of `npm run demo:gateway`, as the README of the example promises it. */
import { beforeAll, expect, test } from 'vitest';
import { runDemo, type Section } from '../support/demo.js';

let section: Section;
beforeAll(async () => {
  section = await runDemo('demo-gateway');
}, 90_000);

/** The answer of a request and its tree, without durations and ports. */
function told(title: string): { status: string; tree: string[] } {
  const [, status = ''] = /-> {2}(.*)$/m.exec(section(title)) ?? [];
  const rows = section(title).matchAll(/^(\w+ +[ │]*[├└]─ .*?\S) +\d+\.\d ms$/gm);
  return { status, tree: Array.from(rows, ([, row = '']) => row.replace(/ +127\.0\.0\.1:\d+$/, '')) };
}

test('a request is one tree, from REST through the gateway to its backend', () => {
  expect(told('bob')).toEqual({
    status: '200',
    tree: [
      'gateway  └─ SERVER POST /v1/orders  200',
      'gateway     ├─ CLIENT GET  200',
      'issuer      │  └─ SERVER GET /jwks  200',
      'gateway     └─ CLIENT acme.order.v1.OrderService/PlaceOrder  OK',
      'orders         └─ SERVER acme.order.v1.OrderService/PlaceOrder  OK',
    ],
  });
  expect(told('kim').tree).toHaveLength(3);
});

test('a stream is lines of JSON and one tree', () => {
  expect(section('The order, as it changes').match(/"STATE_\w+"/g)).toEqual(
    ['CREATED', 'SHIPPED', 'COMPLETED'].map((state) => `"STATE_${state}"`),
  );
  expect(told('The order, as it changes').tree.at(-1)).toBe(
    'orders         └─ SERVER acme.order.v1.OrderService/WatchOrder  OK',
  );
});

test('a role and an open circuit stop a request before the backend', () => {
  expect(told('eve')).toEqual({ status: '403', tree: ['gateway  └─ SERVER POST /v1/orders  403'] });
  const { status, tree } = told('The backend is gone');
  expect(status).toMatch(/^503, Retry-After: \d+$/);
  expect(tree).toEqual(['gateway  └─ SERVER GET /v1/orders/:id  503']);
});

test('the tables count what was shown', () => {
  const rows = (title: string) =>
    Array.from(section(title).matchAll(/^((?:SERVER|CLIENT) \w+) +(\S+) +(\S+) .*?(\d+) +[\d.]+$/gm), (row) =>
      row.slice(1).join(' ').replace(/:\d+ /, ':PORT '),
    );
  expect(rows('RED metrics of the gateway')).toEqual([
    'SERVER POST /v1/orders 200 1',
    'SERVER POST /v1/orders 403 1',
    'SERVER GET /v1/orders/:id 200 1',
    'SERVER GET /v1/orders/:id 503 16',
    'SERVER GET /v1/orders/:id(.+)::watch 200 1',
    'CLIENT GET 127.0.0.1:PORT 200 1',
    'CLIENT grpc acme.order.v1.OrderService/GetOrder OK 1',
    'CLIENT grpc acme.order.v1.OrderService/GetOrder UNAVAILABLE 14',
    'CLIENT grpc acme.order.v1.OrderService/PlaceOrder OK 1',
    'CLIENT grpc acme.order.v1.OrderService/WatchOrder OK 1',
  ]);
  expect(rows('RED metrics of the order service')).toEqual(
    ['GetOrder', 'PlaceOrder', 'WatchOrder'].map(
      (name) => `SERVER grpc acme.order.v1.OrderService/${name} OK 1`,
    ),
  );
  expect(section("The gateway's own metrics").split('\n')).toContain(
    'gateway_breaker_state{role="clerk",http_request_method="GET",http_route="/v1/orders/:id"} 2',
  );
});

test('the audit names who was refused and why', () => {
  const last = section('What the gateway has decided').trim().split('\n').at(-1) ?? '';
  expect(JSON.parse(last)).toMatchObject({
    decision: 'deny',
    why: 'open_circuit',
    subject: 'bob',
    role: 'clerk',
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

/** What Redhook sees of the gateway, the order service and the issuer, none of which knows of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestToken } from '../../examples/gateway/conformance/tokens.ts';
import { type App, REGISTER } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { buildImage, send } from '../support/gateway.js';
import { auditOf, startGuardedGateway, startIssuer, startOrders } from '../support/guarded-gateway.js';
import { countsOf, seriesOf } from '../support/red.js';

const ORDER = JSON.stringify({ customer: 'ada' });
const THRESHOLD = { failure_rate: 1 / 3, window_s: 60, max_failures: 1, open_s: 60 };

/** Client, request and status, in the order in which they are sent. The last ones come when the backend is gone. */
const REQUESTS = [
  ['bob', 'POST', '/v1/orders', 200],
  ['bob', 'GET', '/v1/orders/1', 200],
  ['bob', 'GET', '/v2/orders/1', 200],
  ['bob', 'GET', '/v1/orders/no-such-order', 404],
  ['bob', 'GET', '/v1/orders/1:watch', 200],
  ['eve', 'POST', '/v1/orders', 403],
  ['nobody', 'GET', '/v1/orders/1', 401],
] as const;
const WITHOUT_BACKEND = [
  ['bob', 'GET', '/v1/orders/1', 503],
  ['bob', 'GET', '/v1/orders/1', 503],
] as const;

let collector: Collector;
let audited: Record<string, unknown>[];
beforeAll(async () => {
  const image = buildImage();
  collector = await startCollector();
  const flagged = (name: string) => ({
    flags: ['--import', REGISTER],
    env: {
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'otlp',
    },
  });
  const issuer = await startIssuer('first', undefined, flagged('issuer'));
  const orders = await startOrders(image, flagged('orders'));
  const permissions = ['order:place', 'order:read', 'order:watch'];
  const gateway = await startGuardedGateway(image, orders.url, issuer.url, {
    policy: { roles: { clerk: permissions }, thresholds: { clerk: THRESHOLD } },
    ...flagged('gateway'),
  });
  const tokens: Record<string, string> = {
    bob: await requestToken(issuer.url, 'bob'),
    eve: await requestToken(issuer.url, 'eve'),
  };
  const ask = async ([client, method, path, expected]: (
    | typeof REQUESTS
    | typeof WITHOUT_BACKEND
  )[number]) => {
    const headers = tokens[client] === undefined ? {} : { authorization: `Bearer ${tokens[client]}` };
    const body = method === 'POST' ? { body: ORDER } : {};
    const { status } = await send(gateway.url, method, path, { headers, ...body });
    expect([client, path, status]).toEqual([client, path, expected]);
  };
  for (const request of REQUESTS) await ask(request);
  await end(orders);
  for (const request of WITHOUT_BACKEND) await ask(request);
  await end(gateway);
  await end(issuer);
  audited = auditOf(gateway);
}, 90_000);
afterAll(() => collector?.close());

async function end(app: Pick<App, 'signal' | 'ended'>): Promise<void> {
  app.signal('SIGTERM');
  expect((await app.ended).code).toBe(0);
}

const spansOf = (service: string): ReceivedSpan[] =>
  collector.spans.filter(({ resource }) => resource['service.name'] === service);

/** What a span is and the spans below it. */
function treeOf(span: ReceivedSpan): string[] {
  const own = `${span.resource['service.name']} ${span.kind} ${span.name}`;
  const children = collector.spans
    .filter(({ traceId, parentSpanId }) => traceId === span.traceId && parentSpanId === span.spanId)
    .sort((a, b) => Number(a.startTime - b.startTime));
  return [own, ...children.flatMap(treeOf).map((line) => `  ${line}`)];
}

test('each request is one trace, from REST through the gateway to the handler of the backend', () => {
  const roots = spansOf('gateway').filter(({ kind }) => kind === 'SERVER');
  const rpc = (name: string, version = 'v1') => `acme.order.${version}.OrderService/${name}`;
  const both = (name: string, version?: string) => [
    `  gateway CLIENT ${rpc(name, version)}`,
    `    orders SERVER ${rpc(name, version)}`,
  ];
  expect(roots.map(treeOf)).toEqual([
    [
      'gateway SERVER POST /v1/orders',
      '  gateway CLIENT GET',
      '    issuer SERVER GET /jwks',
      ...both('PlaceOrder'),
    ],
    ['gateway SERVER GET /v1/orders/:id', ...both('GetOrder')],
    ['gateway SERVER GET /v2/orders/:name', ...both('GetOrder', 'v2')],
    ['gateway SERVER GET /v1/orders/:id', ...both('GetOrder')],
    ['gateway SERVER GET /v1/orders/:id(.+)::watch', ...both('WatchOrder')],
    ['gateway SERVER POST /v1/orders'],
    ['gateway SERVER GET /v1/orders/:id'],
    // The call that fails, and the circuit that it opens.
    ['gateway SERVER GET /v1/orders/:id', `  gateway CLIENT ${rpc('GetOrder')}`],
    ['gateway SERVER GET /v1/orders/:id'],
  ]);
  expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(roots.length);
});

test.each(['gateway', 'orders', 'issuer'])(
  'every call of the %s is counted under the labels of its span',
  (service) => {
    const spans = seriesOf(spansOf(service));
    expect(spans.size).toBeGreaterThan(0);
    expect(Object.fromEntries(countsOf(collector, service))).toEqual(Object.fromEntries(spans));
  },
);

test('each decision carries the trace of its request', () => {
  const traces = spansOf('gateway')
    .filter(({ kind }) => kind === 'SERVER')
    .map(({ traceId }) => traceId);
  expect(audited.map((event) => event['trace_id'])).toEqual(traces);
});

/** A backend that goes away and comes back, seen by the callers of a gateway and on the page of its metrics. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestToken } from '../../examples/gateway/conformance/tokens.ts';
import { type App, freePort, REGISTER } from '../support/app.js';
import { type Answer, buildImage, send } from '../support/gateway.js';
import {
  auditOf,
  type GuardedGateway,
  type Issuer,
  startGuardedGateway,
  startIssuer,
  startOrders,
} from '../support/guarded-gateway.js';

/** It stays open for long enough to be looked at on a busy machine. */
const THRESHOLD = { failure_rate: 0.5, window_s: 60, max_failures: 2, open_s: 8 };
const ALL = ['order:place', 'order:read', 'order:list'];

let image: string;
let issuer: Issuer;
let orders: App;
let gateway: GuardedGateway;
let metricsPort: number;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  image = buildImage();
  metricsPort = await freePort();
  [issuer, orders] = await Promise.all([startIssuer(), startOrders(image, { port: await freePort() })]);
  gateway = await startGuardedGateway(image, orders.url, issuer.url, {
    policy: { roles: { admin: ALL, clerk: ALL, auditor: ['order:list'] }, thresholds: { clerk: THRESHOLD } },
    flags: ['--import', REGISTER],
    env: { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort) },
  });
  for (const client of ['ada', 'bob', 'eve']) tokens[client] = await requestToken(issuer.url, client);
  expect((await ask('bob', 'POST', '/v1/orders', JSON.stringify({ customer: 'bob' }))).status).toBe(200);
}, 90_000);
afterAll(() => Promise.all([gateway, orders, issuer].map((each) => each?.stop())));

function ask(client: string, method: string, path: string, body?: string): Promise<Answer> {
  const headers = client in tokens ? { authorization: `Bearer ${tokens[client]}` } : {};
  return send(gateway.url, method, path, { headers, ...(body !== undefined && { body }) });
}

/** The status of a request, and when to come again. */
async function outcome(client: string, path: string): Promise<[number, string | undefined]> {
  const { status, headers } = await ask(client, 'GET', path);
  return [status, headers['retry-after'] as string | undefined];
}

/** The samples of the gateway's own metrics, without those of Redhook. */
async function samples(): Promise<Record<string, number>> {
  const page = await (await fetch(`http://localhost:${metricsPort}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line.startsWith('gateway_'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, labels = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
      const own = labels.split(',').filter((label) => !/^(service_name|otel_scope_\w+)=/.test(label));
      return [`${name}{${own.sort().join(',')}}`, Number(value)];
    }),
  );
}

const PLACE = 'http_request_method="GET",http_route="/v1/orders/:id",role="clerk"';

test('401, 403 and 503 come in this order, before anything is forwarded, and only for the role and the endpoint', async () => {
  expect(await outcome('bob', '/v1/orders/1')).toEqual([200, undefined]);
  await orders.stop();
  // One call was good, so the third failure is the one that counts.
  for (let i = 0; i < 3; i += 1) expect(await outcome('bob', '/v1/orders/1')).toEqual([503, undefined]);

  expect((await outcome('nobody', '/v1/orders/1'))[0]).toBe(401);
  expect((await outcome('eve', '/v1/orders/1'))[0]).toBe(403);
  expect(await outcome('bob', '/v1/orders/1')).toEqual([503, expect.stringMatching(/^[1-8]$/)]);
  const { body } = await ask('bob', 'GET', '/v1/orders/1');
  expect(JSON.parse(body.toString())).toEqual({
    code: 14,
    message: 'too many calls have failed; this one was not made',
  });
  await expect.poll(() => auditOf(gateway).at(-1)?.['why']).toBe('open_circuit');
  // Neither another endpoint of the role nor another role has lost its way: their calls are made, and fail.
  expect(await outcome('bob', '/v1/orders')).toEqual([503, undefined]);
  expect(await outcome('ada', '/v1/orders/1')).toEqual([503, undefined]);

  expect(await samples()).toMatchObject({
    [`gateway_breaker_state{${PLACE}}`]: 2,
    [`gateway_breaker_rejections_total{${PLACE}}`]: 2,
    'gateway_auth_failures_total{reason="no_credentials"}': 1,
    'gateway_access_denials_total{reason="no_role"}': 1,
  });
});

test('the circuit closes when the backend is back', { timeout: 60_000 }, async () => {
  orders = await startOrders(image, { port: Number(orders.url.split(':')[1]) });
  // The new process has forgotten its orders: an answer all the same.
  await expect
    .poll(() => outcome('bob', '/v1/orders/1'), { timeout: 40_000, interval: 250 })
    .toEqual([404, undefined]);
  expect(await samples()).toMatchObject({ [`gateway_breaker_state{${PLACE}}`]: 0 });
});

test('a role whose row is taken away has no circuit any more', async () => {
  writeFileSync(gateway.policy, JSON.stringify({ roles: { admin: ALL, clerk: ALL } }));
  await expect
    .poll(samples, { timeout: 10_000 })
    .toMatchObject({ 'gateway_policy_reloads_total{valid="true"}': 1 });
  await orders.stop();
  for (let i = 0; i < 10; i += 1) expect(await outcome('bob', '/v1/orders/1')).toEqual([503, undefined]);
  expect(await samples()).toMatchObject({ [`gateway_breaker_state{${PLACE}}`]: 0 });
});

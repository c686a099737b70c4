/** What the callers of the gateway may do: by scope, role and rule, by tables that change while it runs. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestToken } from '../../examples/gateway/conformance/tokens.ts';
import type { App } from '../support/app.js';
import { buildImage, send } from '../support/gateway.js';
import {
  auditOf,
  type GuardedGateway,
  type Issuer,
  startGuardedGateway,
  startIssuer,
  startOrders,
} from '../support/guarded-gateway.js';

const POLICY = {
  roles: {
    admin: ['order:place', 'order:read', 'order:list', 'order:cancel', 'order:watch'],
    clerk: ['order:place', 'order:read'],
    auditor: ['order:read', 'order:list'],
  },
};

let issuer: Issuer;
let orders: App;
let gateway: GuardedGateway;
beforeAll(async () => {
  const image = buildImage();
  [issuer, orders] = await Promise.all([startIssuer(), startOrders(image)]);
  gateway = await startGuardedGateway(image, orders.url, issuer.url, { policy: POLICY });
  expect(await ask('ada', 'POST', '/v1/orders', JSON.stringify({ customer: 'ada' }))).toBe(200);
}, 90_000);
afterAll(() => Promise.all([gateway, orders, issuer].map((each) => each?.stop())));

/** The status of a request by a client of the issuer. */
async function ask(
  client: string,
  method: string,
  path: string,
  body?: string,
  scope?: string,
): Promise<number> {
  const token = await requestToken(issuer.url, client, scope === undefined ? {} : { scope });
  const headers = { authorization: `Bearer ${token}` };
  return (await send(gateway.url, method, path, { headers, ...(body !== undefined && { body }) })).status;
}

const ORDER = JSON.stringify({ customer: 'eve' });

// The roles: ada is an admin, bob a clerk, eve an auditor.
test.each([
  ['ada', 'POST', '/v1/orders', ORDER, 200],
  ['ada', 'POST', '/v2/orders', ORDER, 200],
  ['ada', 'GET', '/v1/orders', undefined, 200],
  ['ada', 'GET', '/v1/customers/ada/orders', undefined, 200],
  ['ada', 'GET', '/v1/orders/1:watch', undefined, 200],
  ['bob', 'POST', '/v1/orders', ORDER, 200],
  ['bob', 'GET', '/v1/orders/1', undefined, 200],
  ['bob', 'GET', '/v2/orders/1', undefined, 200],
  ['bob', 'GET', '/v1/orders', undefined, 403],
  ['bob', 'GET', '/v1/customers/ada/orders', undefined, 403],
  ['bob', 'POST', '/v1/orders/1:cancel', '{}', 403],
  ['bob', 'GET', '/v1/orders/1:watch', undefined, 403],
  ['eve', 'POST', '/v1/orders', ORDER, 403],
  ['eve', 'POST', '/v2/orders', ORDER, 403],
  ['eve', 'GET', '/v1/orders', undefined, 200],
  // The proto of this method says nothing of who may call it.
  ['ada', 'GET', '/v1/shelves/1', undefined, 403],
] as const)('%s: %s %s', async (client, method, path, body, expected) => {
  expect(await ask(client, method, path, body)).toBe(expected);
});

test('a token without the scope is refused, and the challenge names the scope', async () => {
  const token = await requestToken(issuer.url, 'ada', { scope: 'orders.read' });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await send(gateway.url, 'POST', '/v1/orders', { headers, body: ORDER });
  expect([answer.status, answer.headers['www-authenticate'], JSON.parse(answer.body.toString())]).toEqual([
    403,
    'Bearer error="insufficient_scope", scope="orders.write"',
    { code: 7, message: 'the token needs the scope orders.write' },
  ]);
});

test('each decision is a line of JSON that tells who, what and why', async () => {
  const before = auditOf(gateway).length;
  await ask('bob', 'GET', '/v1/orders/1?secret=1');
  await ask('eve', 'POST', '/v1/orders/1:cancel', '{}');
  await ask('ada', 'POST', '/v1/orders', ORDER, 'orders.read');
  await send(gateway.url, 'GET', '/v1/orders/1');
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
  const read = {
    event: 'access',
    time,
    method: 'GET',
    path: '/v1/orders/1',
    rpc: 'acme.order.v1.OrderService/GetOrder',
  };
  await expect
    .poll(() => auditOf(gateway).slice(before))
    .toEqual([
      {
        ...read,
        decision: 'allow',
        why: 'role',
        subject: 'bob',
        client: 'bob',
        role: 'clerk',
        permission: 'order:read',
      },
      {
        ...read,
        method: 'POST',
        path: '/v1/orders/1:cancel',
        rpc: 'acme.order.v1.OrderService/CancelOrder',
        decision: 'deny',
        why: 'no_role',
        subject: 'eve',
        client: 'eve',
        permission: 'order:cancel',
      },
      {
        ...read,
        method: 'POST',
        path: '/v1/orders',
        rpc: 'acme.order.v1.OrderService/PlaceOrder',
        decision: 'deny',
        why: 'insufficient_scope',
        subject: 'ada',
        client: 'ada',
        permission: 'order:place',
      },
      { ...read, decision: 'deny', why: 'no_credentials' },
    ]);
});

test('a change of the tables is in force soon, and a wrong file changes nothing but the log', async () => {
  expect(await ask('bob', 'GET', '/v1/orders')).toBe(403);
  await write(
    JSON.stringify({ roles: { ...POLICY.roles, clerk: ['order:read', 'order:list'] } }),
    'has changed',
  );
  expect(await ask('bob', 'GET', '/v1/orders')).toBe(200);

  for (const [text, why] of [
    ['roles: {clerk: [everything]}', 'roles.clerk.0: expected resource:action'],
    ['roles: {clerk: [', 'Flow sequence in block collection must be'],
  ] as const) {
    const line = await write(text, 'stays as it was');
    expect(line).toContain(`${gateway.policy}: the policy stays as it was: ${why}`);
    expect(await ask('bob', 'GET', '/v1/orders')).toBe(200);
  }

  await write(JSON.stringify(POLICY), 'has changed');
  expect(await ask('bob', 'GET', '/v1/orders')).toBe(403);
});

/** Writes the policy, and gives what the gateway says to it, which is one line. */
async function write(text: string, said: string): Promise<string> {
  const before = gateway.stderr().length;
  writeFileSync(gateway.policy, text);
  await expect.poll(() => gateway.stderr().slice(before), { timeout: 10_000 }).toContain(said);
  const lines = gateway.stderr().slice(before).trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

/**
 * `npm run demo:gateway`: the example gateway, its order service and its issuer of tokens, each in a process under the flag;
 * requests that pass, that a role and an open circuit stop, and one that is answered by a stream. Ends by itself.
 */
import { newKeyPair, newProof, requestToken } from '../examples/gateway/conformance/tokens.ts';
import { startGatewayDemo } from './demo/gateway.mts';
import { say } from './demo/print.mts';
import { redTable } from './demo/red-table.mts';
import { metricsOf, type Service } from './demo/service.mts';

/** With so many calls that fail, the circuit of a clerk opens: policy.yaml. */
const ENOUGH_CALLS = 15;

/** The processes that a request reaches. */
const BOTH = ['gateway', 'orders'];
const ALONE = ['gateway'];

let orders!: Service;
const { issuer, gateway, audit, ask, show } = await startGatewayDemo(async (run, image) => {
  orders = await run('orders', ['order-service/main.ts', '--image', image]);
  return { backend: orders };
});

say('A gateway, its order service and its issuer, unchanged, each under `node --import redhook/register`.');

const tokens = {
  bob: await requestToken(issuer.address, 'bob'),
  eve: await requestToken(issuer.address, 'eve'),
};
const order = JSON.stringify({ customer: 'ada', items: [{ sku: 'A-1', quantity: 2 }] });
await show(
  'bob, a clerk, places an order by REST. The gateway calls its backend by gRPC.',
  BOTH,
  tokens.bob,
  'POST',
  '/v1/orders',
  order,
);
await show(
  'The order, as it changes: a stream of gRPC, by lines of JSON.',
  BOTH,
  tokens.bob,
  'GET',
  '/v1/orders/1:watch',
);
await showBound();
await show(
  'eve, an auditor, must not place orders: 403, and the backend does not hear of it.',
  ALONE,
  tokens.eve,
  'POST',
  '/v1/orders',
  order,
);

const ordersPage = await metricsOf(orders);
await orders.stop();
for (let i = 0; i < ENOUGH_CALLS; i += 1) await ask(tokens.bob, 'GET', '/v1/orders/1');
await show(
  'The backend is gone. Calls have failed until the circuit of clerks to this endpoint has opened: 503, and no call is made.',
  ALONE,
  tokens.bob,
  'GET',
  '/v1/orders/1',
);

say('What the gateway has decided, as its audit tells it (the last three):');
console.log(audit.slice(-3).join('\n'));

const gatewayPage = await metricsOf(gateway);
say(`RED metrics of the gateway, from ${gateway.metrics}/metrics:`);
console.log(redTable(gatewayPage));
say('RED metrics of the order service, from its own page:');
console.log(redTable(ordersPage));
say("The gateway's own metrics, by @opentelemetry/api, on the same page:");
console.log(
  gatewayPage
    .match(/^gateway_.*$/gm)
    ?.map(withoutScope)
    .join('\n'),
);

await Promise.all([gateway.stop(), issuer.stop()]);

/** kim's tokens are bound to a key: without a proof of it they are worth nothing. */
async function showBound(): Promise<void> {
  const key = await newKeyPair();
  const token = await requestToken(issuer.address, 'kim', { key });
  const path = '/v1/orders/1';
  const proof = await newProof(key, { method: 'GET', url: `${gateway.address}${path}`, token });
  await show(
    "kim's token is bound to a key (DPoP), and comes with a proof of it.",
    BOTH,
    token,
    'GET',
    path,
    undefined,
    {
      authorization: `DPoP ${token}`,
      dpop: proof,
    },
  );
}

function withoutScope(line: string): string {
  return line.replace(/(?:service_name|otel_scope_\w+)="[^"]*",?/g, '').replace(',}', '}');
}

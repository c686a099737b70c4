/**
 * `npm run demo:orders`: the example gateway in front of orders that a saga of Temporal fulfils, each part in a process under
 * the flag. An order that completes, one that is compensated, one that a role must not place, and one that runs out of time.
 * Ends by itself.
 */
import { requestToken } from '../examples/gateway/conformance/tokens.ts';
import { startGatewayDemo } from './demo/gateway.mts';
import { say } from './demo/print.mts';
import { redTable } from './demo/red-table.mts';
import { metricsOf, type Service } from './demo/service.mts';
import { startTemporal } from './demo/temporal.mts';

/** How long the carrier takes for a waybill, in milliseconds. */
const CARRIER_MS = 400;
/** The processes that a request reaches. */
const ALL = ['gateway', 'orders', 'worker', 'inventory', 'waybills', 'payments'];

const temporal = await startTemporal('OrderState');
const behind: Service[] = [];
const { issuer, gateway, show } = await startGatewayDemo(async (run, image) => {
  const start = async (name: string, args: string[]) => {
    const service = await run(name, args);
    behind.push(service);
    return service;
  };
  const step = (name: string, ...args: string[]) =>
    start(name, ['fulfilment/step-service.ts', name, '--image', image, ...args]);
  const [inventory, waybills, payments] = await Promise.all([
    step('inventory'),
    step('waybills', '--takes-ms', String(CARRIER_MS)),
    step('payments'),
  ]);
  await start('worker', [
    'fulfilment/worker.ts',
    ...['--image', image, '--temporal', temporal.address],
    ...['--inventory', inventory.address, '--waybills', waybills.address, '--payments', payments.address],
  ]);
  const backend = await start('orders', [
    'fulfilment/order-service.ts',
    ...['--image', image, '--temporal', temporal.address],
  ]);
  const others = {
    worker: 'StartWorkflow:fulfilOrder',
    inventory: inventory.address,
    waybills: waybills.address,
    payments: payments.address,
  };
  return { backend, others };
});
say(
  `A gateway, an order service, a worker and three services of steps, unchanged, under the flag, and ${temporal.name}.`,
);

const bob = await requestToken(issuer.address, 'bob');
const eve = await requestToken(issuer.address, 'eve');
const order = (quantity: number) => JSON.stringify({ customer: 'ada', items: [{ sku: 'A-1', quantity }] });
const place = ['POST', '/v1/orders'] as const;

await show('An order that completes: goods, waybill, payment.', ALL, bob, ...place, order(2));
await show(
  'The payment is refused, so the waybill is declared void and the goods go back.',
  ALL,
  bob,
  ...place,
  order(500),
);
await show(
  'eve, an auditor, must not place orders: 403, and no workflow starts.',
  ['gateway'],
  eve,
  ...place,
  order(2),
);
await show(
  `The client waits for ${CARRIER_MS / 2} ms, the carrier takes ${CARRIER_MS}: 504, and what was done is undone.`,
  ALL.filter((name) => name !== 'payments'),
  bob,
  ...place,
  order(2),
  { 'grpc-timeout': `${CARRIER_MS / 2}m` },
);

for (const service of [gateway, ...behind]) {
  say(`RED metrics of ${service.name}, from ${service.metrics}/metrics:`);
  console.log(redTable(await metricsOf(service)));
}

await gateway.stop();
for (const service of behind.toReversed()) await service.stop();
await issuer.stop();
await temporal.stop();

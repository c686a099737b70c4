/** The output of `npm run demo:orders`, as the README of the example promises it. */
import { beforeAll, expect, test } from 'vitest';
import { runDemo, type Section } from '../support/demo.js';

let section: Section;
beforeAll(async () => {
  section = await runDemo('demo-orders');
}, 120_000);

/** The status of a request, and its spans by process, in the order of the tree. */
function told(title: string): { status: string; spans: string[] } {
  const [, status = ''] = /-> {2}(\d+)/.exec(section(title)) ?? [];
  const rows = section(title).matchAll(/^(\w+) +[ │]*[├└]─ (\S+ \S+)(.*?) +\d+\.\d ms$/gm);
  const spans = Array.from(rows, ([, process, span, rest = '']) =>
    `${process} ${span}${rest.replace(/ +127\.0\.0\.1:\d+$/, '')}`.replaceAll('acme.fulfilment.v1.', ''),
  );
  return { status, spans };
}

/** What a step of the saga looks like when it works. */
const step = (activity: string, service: string, method: string): string[] => [
  `worker CLIENT StartActivity:${activity}`,
  `worker CONSUMER RunActivity:${activity}`,
  `worker CLIENT ${method}  OK`,
  `${service} SERVER ${method}  OK`,
];
const BEFORE_WORKER = ['orders PRODUCER StartWorkflow:fulfilOrder'];
const RESERVED = step('reserveInventory', 'inventory', 'InventoryService/Reserve');
const RELEASED = step('releaseInventory', 'inventory', 'InventoryService/Release');
const SHIPPED = step('createWaybill', 'waybills', 'WaybillService/Create');
const VOIDED = step('voidWaybill', 'waybills', 'WaybillService/Void');
const REFUNDED = step('refundPayment', 'payments', 'PaymentService/Refund');

/** The spans of the workflow and of what it calls. */
function saga(title: string): string[] {
  const { spans } = told(title);
  const from = spans.findIndex((span) => span.startsWith(BEFORE_WORKER[0] as string));
  const to = spans.findIndex((span) => span.includes('StartWorkflowExecution'));
  return spans.slice(from + 1, to);
}

test('an order that completes is one tree from REST to each of its steps', () => {
  const title = 'An order that completes';
  expect(told(title).status).toBe('200');
  expect(told(title).spans.slice(0, 2)).toEqual(['gateway SERVER POST /v1/orders  200', expect.anything()]);
  expect(saga(title)).toEqual([
    'worker CONSUMER RunWorkflow:fulfilOrder',
    ...RESERVED,
    ...SHIPPED,
    ...step('takePayment', 'payments', 'PaymentService/Take'),
  ]);
});

test('a refused payment is compensated, the last step first', () => {
  const title = 'The payment is refused';
  expect(told(title).status).toBe('400');
  expect(saga(title)).toEqual([
    'worker CONSUMER RunWorkflow:fulfilOrder  ActivityFailure',
    ...RESERVED,
    ...SHIPPED,
    'worker CLIENT StartActivity:takePayment  ActivityFailure',
    'worker CONSUMER RunActivity:takePayment  Refused',
    'worker CLIENT PaymentService/Take  FAILED_PRECONDITION',
    'payments SERVER PaymentService/Take  FAILED_PRECONDITION',
    ...REFUNDED,
    ...VOIDED,
    ...RELEASED,
  ]);
});

test('a role stops an order before there is a workflow', () => {
  expect(told('eve')).toEqual({ status: '403', spans: ['gateway SERVER POST /v1/orders  403'] });
});

test('an order that runs out of time begins no step after that, and is compensated', () => {
  const title = 'The client waits';
  expect(told(title).status).toBe('504');
  const spans = saga(title);
  expect(spans).toContain('worker CONSUMER RunActivity:createWaybill  NoTimeLeft');
  expect(spans.filter((span) => span.includes('takePayment'))).toEqual([]);
  expect(spans.slice(-8)).toEqual([...VOIDED, ...RELEASED]);
});

test('each process has its table, with the routes, methods and activities of its spans', () => {
  expect(section('RED metrics of gateway')).toMatch(/^SERVER POST +\/v1\/orders +504 +504 +1 /m);
  expect(section('RED metrics of payments')).toMatch(/PaymentService\/Take +FAILED_PRECONDITION +1 /);
  expect(section('RED metrics of worker')).toMatch(
    /^Temporal +RunWorkflow:fulfilOrder +failed +ActivityFailure +2 /m,
  );
  expect(section('RED metrics of orders')).toMatch(/^Temporal +StartWorkflow:fulfilOrder +completed +3 /m);
});

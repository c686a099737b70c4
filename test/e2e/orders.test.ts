/**
 * The orders of the example gateway: many of them, while the worker of their saga is killed and started again. Goods and
 * payments must balance to the piece and to the cent.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, REGISTER, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { buildImage, EXAMPLE, startGateway } from '../support/gateway.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import type { Server } from '../support/server.js';
import { BEST_SERVICE, type TemporalService } from '../support/temporal.js';

const ORDERS = 200;
const AT_ONCE = 20;
const STOCK = 100_000;
const PRICE_CENTS = 250;
/** Every fifth order costs more than is paid. */
const quantityOf = (n: number): number => (n % 5 === 0 ? 500 : 1 + (n % 3));
const TIMEOUT_MS = 180_000;

type Row = Record<string, string | number | null>;

describe.skipIf(!BEST_SERVICE.hasTimeouts)('orders by a saga', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-orders-'));
  const running: App[] = [];
  let temporal: TemporalService;
  let collector: Collector;
  let postgres: Server | undefined;
  let image: string;
  let services: Record<'inventory' | 'waybills' | 'payments', App>;
  let gateway: App;

  async function start(file: string, args: readonly string[]): Promise<App> {
    const app = await startApp(resolve('examples/gateway/fulfilment', file), {
      flags: ['--import', REGISTER],
      args: ['--image', image, ...args],
      env: {
        OTEL_SERVICE_NAME: file,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'none',
      },
    });
    running.push(app);
    return app;
  }
  const startWorker = (): Promise<App> =>
    start('worker.ts', [
      ...['--temporal', temporal.address],
      ...Object.entries(services).flatMap(([name, { url }]) => [`--${name}`, url]),
    ]);
  const databaseOf = (name: string): string =>
    name === 'inventory' && postgres !== undefined
      ? `postgres://postgres@127.0.0.1:${postgres.port}/postgres`
      : join(folder, `${name}.db`);

  beforeAll(async () => {
    image = buildImage([EXAMPLE]);
    [temporal, collector, postgres] = await Promise.all([
      BEST_SERVICE.start(),
      startCollector(),
      hasPostgres() ? startPostgres() : undefined,
    ]);
    const service = (name: string): Promise<App> =>
      start('step-service.ts', [name, '--database', databaseOf(name), '--stock', String(STOCK)]);
    const [inventory, waybills, payments] = await Promise.all(
      ['inventory', 'waybills', 'payments'].map(service),
    );
    services = { inventory, waybills, payments } as typeof services;
    const orders = await start('order-service.ts', ['--temporal', temporal.address]);
    gateway = await startGateway(image, orders.url, { flags: ['--import', REGISTER] });
    running.push(gateway);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all(running.map((app) => app.stop()));
    await Promise.all([temporal?.stop(), collector?.close(), postgres?.close()]);
    rmSync(folder, { recursive: true, force: true });
  }, TIMEOUT_MS);

  async function place(n: number): Promise<number> {
    const response = await fetch(`${gateway.url}/v1/orders`, {
      method: 'POST',
      headers: { 'x-request-id': String(n) },
      body: JSON.stringify({ customer: 'ada', items: [{ sku: 'A-1', quantity: quantityOf(n) }] }),
    });
    await response.text();
    return response.status;
  }

  async function rows(name: string, sql: string): Promise<Row[]> {
    const location = databaseOf(name);
    if (location.startsWith('postgres:')) {
      const client = new pg.Client(location);
      await client.connect();
      const found = await client.query(sql);
      await client.end();
      return found.rows;
    }
    const database = new DatabaseSync(location, { readOnly: true });
    const found = database.prepare(sql).all() as Row[];
    database.close();
    return found;
  }

  /** What a service has done and not undone, by order. */
  async function doneBy(name: string): Promise<string[]> {
    const done = await rows(name, "SELECT order_id FROM steps WHERE state = 'done'");
    return done.map(({ order_id: id }) => String(id)).sort();
  }

  test(
    'every order ends completed or compensated, though the worker is killed, and everything balances',
    async () => {
      let worker = await startWorker();
      const waiting = Array.from({ length: ORDERS }, (_, n) => n);
      const statuses: number[] = [];
      const clients = Array.from({ length: AT_ONCE }, async () => {
        for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) statuses.push(await place(n));
      });
      for (const left of [ORDERS * 0.7, ORDERS * 0.3]) {
        while (waiting.length > left) await delay(20);
        worker.signal('SIGKILL');
        await worker.ended;
        worker = await startWorker();
      }
      await Promise.all(clients);

      const connection = await Connection.connect({ address: temporal.address });
      const { workflow } = new Client({ connection });
      const count = async (query: string) => (await workflow.count(query)).count;
      await expect
        .poll(() => count("ExecutionStatus = 'Running'"), { timeout: TIMEOUT_MS, interval: 500 })
        .toBe(0);
      await expect.poll(() => count("WorkflowType = 'fulfilOrder'"), { timeout: 20_000 }).toBe(ORDERS);
      const ended: Record<string, string[]> = { COMPLETED: [], COMPENSATED: [] };
      for await (const { workflowId, searchAttributes, status } of workflow.list({
        query: "WorkflowType = 'fulfilOrder'",
      })) {
        const [state] = searchAttributes['OrderState'] as string[];
        ended[state as string]?.push(workflowId);
        expect([state, status.name]).toEqual(
          state === 'COMPLETED' ? [state, 'COMPLETED'] : ['COMPENSATED', 'FAILED'],
        );
      }
      await connection.close();

      const completed = ended['COMPLETED']?.sort() ?? [];
      expect(completed.length + (ended['COMPENSATED']?.length ?? 0)).toBe(ORDERS);
      expect(completed.length).toBeGreaterThan(0);
      for (const name of ['inventory', 'waybills', 'payments']) expect(await doneBy(name)).toEqual(completed);
      const quantity = completed.reduce((sum, id) => sum + quantityOf(Number(id.replace('order-', ''))), 0);
      const [stock] = await rows('inventory', 'SELECT available FROM stock');
      expect(Number(stock?.['available'])).toBe(STOCK - quantity);
      const payments = await rows('payments', "SELECT detail FROM steps WHERE state = 'done'");
      const paid = payments.reduce((sum, { detail }) => sum + JSON.parse(String(detail)).cents, 0);
      expect(paid).toBe(quantity * PRICE_CENTS);
      // Those whose client has waited.
      expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(completed.length);
      expect(new Set(statuses)).toEqual(new Set([200, 400, ...statuses.filter((status) => status === 504)]));

      // It takes no more tasks, finishes those that it has, and nothing keeps it.
      worker.signal('SIGTERM');
      expect(await worker.ended).toEqual({ code: 0, signal: null });
    },
    TIMEOUT_MS,
  );

  test('a request is one trace, from REST to the call of each step', async () => {
    const worker = await startWorker();
    expect(await place(ORDERS + 1)).toBe(200);
    worker.signal('SIGTERM');
    await worker.ended;
    for (const app of running) app.signal('SIGTERM');
    await Promise.all(running.map(({ ended }) => ended));
    const started = collector.spans.find(
      ({ name, attributes }) =>
        name === 'RunWorkflow:fulfilOrder' && attributes['temporal.workflow_id'] === `order-${ORDERS + 1}`,
    );
    const names = collector.spans
      .filter(({ traceId }) => traceId === started?.traceId)
      .map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'StartWorkflow:fulfilOrder',
        ...['reserveInventory', 'createWaybill', 'takePayment'].map((step) => `RunActivity:${step}`),
        ...['InventoryService/Reserve', 'WaybillService/Create', 'PaymentService/Take'].map(
          (method) => `acme.fulfilment.v1.${method}`,
        ),
      ]),
    );
  });
});

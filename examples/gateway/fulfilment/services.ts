import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { CallError, type Handler } from '../order-service/serve.ts';
import type { Database } from './database.ts';
import { createOnce } from './once.ts';
import type { Item } from './order.ts';

type Handlers = Readonly<Record<string, Handler>>;

/** What the services that do the steps of an order are started with. */
export interface Settings {
  readonly database: Database;
  /** How many pieces of each product there are at first. */
  readonly stock: number;
  /** The highest payment that is not refused. */
  readonly mostCents: number;
  /** How long a step takes, in milliseconds. */
  readonly takesMs: number;
}

interface Service {
  /** Its name in the image. */
  readonly name: string;
  create(settings: Settings): Promise<Handlers>;
}

export const SERVICES: Readonly<Record<string, Service>> = {
  inventory: { name: 'acme.fulfilment.v1.InventoryService', create: createInventory },
  waybills: { name: 'acme.fulfilment.v1.WaybillService', create: createWaybills },
  payments: { name: 'acme.fulfilment.v1.PaymentService', create: createPayments },
};

const DONE = {};

async function createInventory({ database, stock, takesMs }: Settings): Promise<Handlers> {
  const once = await createOnce(database);
  await database.transaction((run) =>
    run('CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, available INTEGER NOT NULL)'),
  );
  return {
    Reserve: async ({ orderId, lines }) => {
      const items = lines as unknown as Item[];
      await delay(takesMs);
      await once.do(String(orderId), items, async (run) => {
        for (const { sku, quantity } of items) {
          await run('INSERT INTO stock VALUES ($1, $2) ON CONFLICT DO NOTHING', sku, stock);
          const taken = await run(
            'UPDATE stock SET available = available - $2 WHERE sku = $1 AND available >= $2 RETURNING sku',
            sku,
            quantity,
          );
          if (taken.length === 0)
            throw new CallError(status.FAILED_PRECONDITION, `there is not enough ${sku}`);
        }
      });
      return DONE;
    },
    Release: async ({ orderId }) => {
      await once.undo(String(orderId), async (run, detail) => {
        for (const { sku, quantity } of detail as Item[])
          await run('UPDATE stock SET available = available + $2 WHERE sku = $1', sku, quantity);
      });
      return DONE;
    },
  };
}

async function createWaybills({ database, takesMs }: Settings): Promise<Handlers> {
  const once = await createOnce(database);
  return {
    Create: async ({ orderId, customer }) => {
      await delay(takesMs);
      await once.do(String(orderId), { customer });
      return DONE;
    },
    Void: async ({ orderId }) => {
      await once.undo(String(orderId));
      return DONE;
    },
  };
}

async function createPayments({ database, mostCents, takesMs }: Settings): Promise<Handlers> {
  const once = await createOnce(database);
  return {
    Take: async ({ orderId, cents }) => {
      if (Number(cents) > mostCents)
        throw new CallError(status.FAILED_PRECONDITION, `the payment of ${cents} cents is refused`);
      await delay(takesMs);
      await once.do(String(orderId), { cents: Number(cents) });
      return DONE;
    },
    Refund: async ({ orderId }) => {
      await once.undo(String(orderId));
      return DONE;
    },
  };
}

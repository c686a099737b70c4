import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { CallError, type Handler } from './serve.ts';

const PRICE_CENTS = 250;
const STEPS = ['STATE_CREATED', 'STATE_SHIPPED', 'STATE_COMPLETED'];
const STEP_MS = 50;

/** The methods of both versions of the API, on one set of orders that lives in memory. */
export interface Orders {
  readonly v1: Readonly<Record<string, Handler>>;
  readonly v2: Readonly<Record<string, Handler>>;
}

interface Item {
  readonly sku: string;
  readonly quantity: number;
}

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly items: readonly Item[];
  state: string;
  readonly placedAt: string;
}

export function createOrders(): Orders {
  const orders = new Map<string, Order>();

  function place(customer: string, items: readonly Item[]): Order {
    if (customer === '') throw new CallError(status.INVALID_ARGUMENT, 'an order needs a customer');
    const id = String(orders.size + 1);
    const order = { id, customer, items, state: 'STATE_CREATED', placedAt: new Date().toISOString() };
    orders.set(id, order);
    return order;
  }

  function find(id: unknown): Order {
    const order = orders.get(String(id));
    if (order === undefined) throw new CallError(status.NOT_FOUND, `there is no order ${id}`);
    return order;
  }

  async function* watch(order: Order): AsyncGenerator<JsonObject> {
    for (const state of STEPS) {
      if (order.state !== 'STATE_CANCELLED') order.state = state;
      yield inV1(order);
      if (order.state === 'STATE_CANCELLED') return;
      await delay(STEP_MS);
    }
  }

  return {
    v1: {
      PlaceOrder: ({ order }) => {
        const { customer = '', items = [] } = (order ?? {}) as unknown as Partial<Order>;
        return inV1(place(customer, items));
      },
      GetOrder: ({ id }) => inV1(find(id)),
      ListOrders: ({ customer, states, pageSize }) => {
        const wanted = states as string[];
        const found = [...orders.values()]
          .filter((order) => customer === '' || order.customer === customer)
          .filter(({ state }) => wanted.length === 0 || wanted.includes(state));
        return {
          orders: found
            .toReversed()
            .slice(0, Number(pageSize) || 100)
            .map(inV1),
        };
      },
      CancelOrder: ({ id }) => {
        const order = find(id);
        if (order.state !== 'STATE_CREATED')
          throw new CallError(status.FAILED_PRECONDITION, `order ${id} is on its way`);
        order.state = 'STATE_CANCELLED';
        return inV1(order);
      },
      WatchOrder: ({ id }) => watch(find(id)),
    },
    v2: {
      PlaceOrder: ({ order }) => {
        const { customer = '', skus = [] } = (order ?? {}) as { customer?: string; skus?: string[] };
        return inV2(
          place(
            customer,
            skus.map((sku) => ({ sku, quantity: 1 })),
          ),
        );
      },
      GetOrder: ({ name }) => inV2(find(String(name).replace(/^orders\//, ''))),
    },
  };
}

function totalOf({ items }: Order): number {
  return items.reduce((sum, { quantity }) => sum + quantity * PRICE_CENTS, 0);
}

function inV1(order: Order): JsonObject {
  return { ...order, items: order.items.map((item) => ({ ...item })), totalCents: String(totalOf(order)) };
}

function inV2(order: Order): JsonObject {
  return {
    name: `orders/${order.id}`,
    customer: order.customer,
    skus: order.items.map(({ sku }) => sku),
    total: { currency: 'EUR', units: String(totalOf(order)) },
  };
}

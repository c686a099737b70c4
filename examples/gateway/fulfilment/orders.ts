import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import {
  type Client,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { CallError, type Handler } from '../order-service/serve.ts';
import { type Item, NO_TIME_LEFT, type Order, type Progress, STATE_ATTRIBUTE, TASK_QUEUE } from './order.ts';
import type { fulfilOrder } from './saga.ts';

const PRICE_CENTS = 250;
const FINAL = new Set<string>(['COMPLETED', 'COMPENSATED']);
const WATCH_MS = 50;
/** Without a deadline of the client. */
const MOST_MS = 15_000;

type Call = ServerUnaryCall<JsonObject, JsonObject> | ServerWritableStream<JsonObject, JsonObject>;

/** The methods of the order service. An order is a workflow; what is known of it, Temporal keeps. */
export function createOrders({ workflow, connection }: Client): Readonly<Record<string, Handler>> {
  async function place({ order }: JsonObject, call: Call): Promise<JsonObject> {
    const { customer = '', items = [] } = (order ?? {}) as unknown as Partial<Order>;
    if (customer === '') throw new CallError(status.INVALID_ARGUMENT, 'an order needs a customer');
    const placed: Order = {
      id: idOf(call),
      customer,
      items,
      totalCents: totalOf(items),
      placedAt: new Date().toISOString(),
      deadline: deadlineOf(call),
    };
    if (Date.now() >= placed.deadline) throw new CallError(status.DEADLINE_EXCEEDED, 'no time is left');
    await connection.withDeadline(placed.deadline, async () => {
      const running = await workflow.start<typeof fulfilOrder>('fulfilOrder', {
        taskQueue: TASK_QUEUE,
        workflowId: placed.id,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [placed],
        memo: { order: placed },
      });
      await running.result().catch((error: unknown) => {
        throw refusalOf(error, placed.id);
      });
    });
    return messageOf({ order: placed, state: 'COMPLETED' });
  }

  async function progressOf(id: unknown): Promise<Progress> {
    return find(id, (handle) => handle.query<Progress>('progress'));
  }

  async function find<R>(id: unknown, ask: (handle: WorkflowHandle) => Promise<R>): Promise<R> {
    try {
      return await ask(workflow.getHandle(String(id)));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw new CallError(status.NOT_FOUND, `there is no order ${id}`);
    }
  }

  return {
    PlaceOrder: place,
    GetOrder: async ({ id }) => messageOf(await progressOf(id)),
    ListOrders: async ({ customer, states, pageSize }) => {
      const wanted = (states as string[]).map((state) => `'${state.replace('STATE_', '')}'`);
      const query = [
        "WorkflowType = 'fulfilOrder'",
        ...(wanted.length > 0 ? [`${STATE_ATTRIBUTE} IN (${wanted.join(', ')})`] : []),
      ].join(' AND ');
      const orders: JsonObject[] = [];
      for await (const { memo, typedSearchAttributes } of workflow.list({ query })) {
        const order = memo?.['order'] as Order | undefined;
        const state = typedSearchAttributes.get(stateAttribute) as Progress['state'] | undefined;
        if (order === undefined || (customer !== '' && order.customer !== customer)) continue;
        orders.push(messageOf({ order, state: state ?? 'CREATED' }));
        if (orders.length === (Number(pageSize) || 100)) break;
      }
      return { orders };
    },
    CancelOrder: async ({ id }) => {
      const { order, state } = await progressOf(id);
      if (FINAL.has(state)) throw new CallError(status.FAILED_PRECONDITION, `order ${id} is ${state}`);
      const canceled = workflow.getHandle(order.id);
      await canceled.cancel();
      await canceled.result().catch(() => {});
      return messageOf(await progressOf(id));
    },
    WatchOrder: async function* ({ id }) {
      let told: string | undefined;
      for (;;) {
        const progress = await progressOf(id);
        if (progress.state !== told) yield messageOf(progress);
        told = progress.state;
        if (FINAL.has(told)) return;
        await delay(WATCH_MS);
      }
    },
  };
}

const stateAttribute = defineSearchAttributeKey(STATE_ATTRIBUTE, 'KEYWORD');

/** A request that is sent again with the same id is the same order. */
function idOf({ metadata }: Call): string {
  const [id] = metadata.get('x-request-id');
  return `order-${id ?? randomUUID()}`;
}

function deadlineOf(call: Call): number {
  const deadline = Number(call.getDeadline());
  return Math.min(deadline, Date.now() + MOST_MS);
}

function totalOf(items: readonly Item[]): number {
  return items.reduce((sum, { quantity }) => sum + quantity * PRICE_CENTS, 0);
}

/** Why an order was not fulfilled. */
function refusalOf(error: unknown, id: string): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const { cause } = error;
  const reason = (cause?.cause ?? cause) as { type?: string; message?: string } | undefined;
  const code = reason?.type === NO_TIME_LEFT ? status.DEADLINE_EXCEEDED : status.FAILED_PRECONDITION;
  return new CallError(code, `order ${id} is compensated: ${reason?.message ?? 'it failed'}`);
}

function messageOf({ order, state }: Progress): JsonObject {
  const { id, customer, items, totalCents, placedAt } = order;
  return {
    id,
    customer,
    items: items.map(({ sku, quantity }) => ({ sku, quantity })),
    state: `STATE_${state}`,
    placedAt,
    totalCents: String(totalCents),
  };
}

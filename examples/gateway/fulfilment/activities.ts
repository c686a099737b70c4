import { type ServiceError, status } from '@grpc/grpc-js';
import { ApplicationFailure } from '@temporalio/activity';
import type { Backend } from './backends.ts';
import { NO_TIME_LEFT, type Order, REFUSED } from './order.ts';
import { ATTEMPT_MS } from './steps.ts';

export interface Backends {
  readonly inventory: Backend;
  readonly waybills: Backend;
  readonly payments: Backend;
}

export type Activities = ReturnType<typeof createActivities>;

/** The steps of the saga. Each may be run several times; the services see to it that it is done once. */
export function createActivities({ inventory, waybills, payments }: Backends) {
  return {
    async reserveInventory({ id, items, deadline }: Order): Promise<void> {
      const lines = items.map(({ sku, quantity }) => ({ sku, quantity }));
      await forward(inventory, 'Reserve', { orderId: id, lines }, deadline);
    },
    releaseInventory: (order: Order): Promise<void> => back(inventory, 'Release', order),

    async createWaybill({ id, customer, deadline }: Order): Promise<void> {
      await forward(waybills, 'Create', { orderId: id, customer }, deadline);
    },
    voidWaybill: (order: Order): Promise<void> => back(waybills, 'Void', order),

    async takePayment({ id, customer, totalCents, deadline }: Order): Promise<void> {
      await forward(payments, 'Take', { orderId: id, customer, cents: String(totalCents) }, deadline);
    },
    refundPayment: (order: Order): Promise<void> => back(payments, 'Refund', order),
  };
}

/** The call ends when the client of the order stops waiting, and does not begin when nothing is left of that time. */
async function forward(
  { call }: Backend,
  method: string,
  request: Parameters<Backend['call']>[1],
  deadline: number,
): Promise<void> {
  if (Date.now() >= deadline) throw ApplicationFailure.nonRetryable('no time is left', NO_TIME_LEFT);
  try {
    await call(method, request, Math.min(deadline, Date.now() + ATTEMPT_MS));
  } catch (error) {
    const { code, details } = error as ServiceError;
    if (code !== status.FAILED_PRECONDITION) throw error;
    throw ApplicationFailure.nonRetryable(details, REFUSED);
  }
}

/** Undoing has no deadline of the client: it must be done in the end. */
async function back({ call }: Backend, method: string, { id }: Order): Promise<void> {
  await call(method, { orderId: id }, Date.now() + ATTEMPT_MS);
}

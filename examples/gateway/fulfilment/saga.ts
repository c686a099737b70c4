/** The workflow. It is replayed, so it does nothing but call activities and remember how far it is. */
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  CancellationScope,
  defineQuery,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import { type Order, type Progress, STATE_ATTRIBUTE, type State } from './order.ts';
import { STEPS } from './steps.ts';

export const progress = defineQuery<Progress>('progress');

const stateAttribute = defineSearchAttributeKey(STATE_ATTRIBUTE, 'KEYWORD');
const forward = proxyActivities<Activities>(STEPS.forward);
const back = proxyActivities<Activities>(STEPS.back);

/** Fulfils an order, or undoes what was done for it, the last step first, and fails with the reason. */
export async function fulfilOrder(order: Order): Promise<void> {
  let state: State = 'CREATED';
  const become = (next: State): void => {
    state = next;
    upsertSearchAttributes([{ key: stateAttribute, value: next }]);
  };
  const compensations: ((order: Order) => Promise<void>)[] = [];
  setHandler(progress, () => ({ order, state }));

  try {
    become('CREATED');
    // A step that fails may have been done all the same: its answer was lost. So its way back comes first.
    compensations.unshift(back.releaseInventory);
    await forward.reserveInventory(order);
    become('RESERVED');
    compensations.unshift(back.voidWaybill);
    await forward.createWaybill(order);
    become('SHIPPED');
    compensations.unshift(back.refundPayment);
    await forward.takePayment(order);
    become('COMPLETED');
  } catch (error) {
    await CancellationScope.nonCancellable(async () => {
      for (const compensate of compensations) await compensate(order);
      become('COMPENSATED');
    });
    throw error;
  }
}

/** An order on its way through the saga. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly items: readonly Item[];
  readonly totalCents: number;
  readonly placedAt: string;
  /** When whoever has placed it stops waiting, in milliseconds since 1970. After that no step begins. */
  readonly deadline: number;
}

export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

/** How far it is. Nothing follows on the last two. */
export type State = 'CREATED' | 'RESERVED' | 'SHIPPED' | 'COMPLETED' | 'COMPENSATED';

export interface Progress {
  readonly order: Order;
  readonly state: State;
}

/** The search attribute by which orders are found. */
export const STATE_ATTRIBUTE = 'OrderState';

export const TASK_QUEUE = 'fulfilment';

/** The types of the failures that are not tried again: a service has refused the order, or its time is over. */
export const REFUSED = 'Refused';
export const NO_TIME_LEFT = 'NoTimeLeft';

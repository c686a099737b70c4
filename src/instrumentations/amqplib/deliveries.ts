import type { Call } from '../../instrumentation.js';
import { privateField } from '../../patching/private-field.js';
import { whenSettled } from '../../patching/when-settled.js';
import type { Channel, Message } from './channel.js';

const queues = privateField<string | undefined>();

/** Notes from which queue a message has come, which only its consumer knows. */
export function noteQueue(message: Message, queue: string | undefined): void {
  queues.set(message, queue);
}

export function queueOf(message: Message): string | undefined {
  return queues.get(message);
}

const deliveries = privateField<Deliveries>();

/** The messages of a channel that are being processed. */
export function deliveriesOf(channel: Channel): Deliveries {
  const known = deliveries.get(channel);
  if (known !== undefined) return known;
  const made = new Deliveries();
  deliveries.set(channel, made);
  return made;
}

/** An application that never acknowledges anything shall not fill the memory with calls that never end. */
const MAX_OPEN = 1_000;

class Deliveries {
  /** By their tags, which grow. */
  readonly #open = new Map<number, Delivery>();

  open({ fields: { deliveryTag } }: Message, call: Call, isSettled: boolean): Delivery {
    const mayWait = !isSettled && this.#open.size < MAX_OPEN;
    const delivery = new Delivery(call, mayWait, () => this.#open.delete(deliveryTag));
    if (mayWait) this.#open.set(deliveryTag, delivery);
    return delivery;
  }

  /** `tag`: that of a message, or of the last one of several; absent, it is all of them. */
  settle(operation: string, tag: number | undefined, allUpTo: boolean): void {
    if (tag !== undefined && !allUpTo) {
      this.#open.get(tag)?.settle(operation);
      return;
    }
    for (const [each, delivery] of [...this.#open])
      if (tag === undefined || each <= tag) delivery.settle(operation);
  }

  /** The channel has closed: the messages go back into their queue. */
  abandon(): void {
    for (const delivery of [...this.#open.values()]) delivery.abandon();
  }
}

/** A message that is being processed. */
class Delivery {
  readonly #call: Call;
  readonly #ended: () => void;
  /** Whether its acknowledgement is still to come. */
  #mayWait: boolean;
  #isRunning = true;
  #isRefused: string | undefined;

  constructor(call: Call, mayWait: boolean, ended: () => void) {
    this.#call = call;
    this.#mayWait = mayWait;
    this.#ended = ended;
  }

  run(consumer: (...args: unknown[]) => unknown, ...args: unknown[]): unknown {
    let result: unknown;
    try {
      result = this.#call.run(consumer, undefined, ...args);
    } catch (error) {
      this.#end(error);
      throw error;
    }
    if (result instanceof Promise)
      return whenSettled(
        result,
        () => this.#end(this.#isRefused),
        (error) => this.#end(error),
      );
    this.#isRunning = false;
    if (!this.#mayWait) this.#end(this.#isRefused);
    return result;
  }

  settle(operation: string): void {
    this.#mayWait = false;
    if (operation !== 'ack') this.#isRefused = operation;
    if (!this.#isRunning) this.#end(this.#isRefused);
  }

  abandon(): void {
    this.#mayWait = false;
    if (!this.#isRunning) this.#end('aborted');
  }

  #end(error: unknown): void {
    this.#ended();
    this.#call.end(error === undefined ? {} : { error });
  }
}

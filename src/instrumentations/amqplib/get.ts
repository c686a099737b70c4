import type { Call, Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { whenSettled } from '../../patching/when-settled.js';
import { MESSAGING_CLIENT } from '../../semconv/messaging.js';
import { extractCarrier } from '../messaging/carrier.js';
import { type Channel, destinationOf, labelsOf, type Message } from './channel.js';
import { noteQueue } from './deliveries.js';

type PromisedGet = (this: Channel, queue: unknown, ...rest: unknown[]) => Promise<Message | false>;

/** A request for one message. It links to the publisher of the message that it gets. */
export function observePromisedGet(prototype: object, calls: Calls, guard: Guard): void {
  const { open, end } = observer(calls, guard);
  patch<PromisedGet>(
    prototype,
    'get',
    (get) =>
      function (queue, ...rest) {
        const call = open(this, queue);
        if (call === undefined) return get.call(this, queue, ...rest);
        return whenSettled(
          call.run(get, this, queue, ...rest),
          (message) => end(call, queue, message),
          (error) => call.end({ error }),
        );
      },
  );
}

type Done = (error: unknown, ...rest: [message?: Message | false]) => unknown;

type CalledBackGet = (
  this: Channel,
  queue: unknown,
  options?: unknown,
  done?: Done,
  ...rest: unknown[]
) => unknown;

export function observeCalledBackGet(prototype: object, calls: Calls, guard: Guard): void {
  const { open, end } = observer(calls, guard);
  patch<CalledBackGet>(
    prototype,
    'get',
    (get) =>
      function (queue, options, done, ...rest) {
        const call = open(this, queue);
        if (call === undefined) return get.call(this, queue, options, done, ...rest);
        const bound = typeof done === 'function' ? calls.bind(done) : undefined;
        const observed: Done = (error, ...others) => {
          if (error) call.end({ error });
          else end(call, queue, others[0] ?? false);
          return bound?.(error, ...others);
        };
        try {
          return call.run(get, this, queue, options, observed, ...rest);
        } catch (error) {
          call.end({ error });
          throw error;
        }
      },
  );
}

function observer(calls: Calls, guard: Guard) {
  return {
    open: guard((channel: Channel, queue: unknown) => {
      const destination = destinationOf(queue);
      return calls.open({
        kind: 'client',
        convention: MESSAGING_CLIENT,
        operation: 'get',
        messages: 0,
        route: destination,
        attributes: labelsOf(channel, 'receive'),
        spanAttributes: () => ({
          'messaging.destination.anonymous': destination === undefined ? true : undefined,
        }),
      });
    }),
    /** The queue may have been empty. */
    end: guard((call: Call, queue: unknown, message: Message | false) => {
      const messages = message ? 1 : 0;
      call.set({ 'messaging.batch.message_count': messages });
      if (message) {
        calls.link(call, [extractCarrier(message.properties.headers)]);
        noteQueue(message, destinationOf(queue));
      }
      call.end({ messages });
    }),
  };
}

import type { Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { MESSAGING_CLIENT } from '../../semconv/messaging.js';
import { type Channel, labelsOf, type Message } from './channel.js';
import { deliveriesOf, queueOf } from './deliveries.js';
import { runToEnd } from './run-to-end.js';

type Settle = (this: Channel, ...args: unknown[]) => unknown;

/** Acknowledgements, of one message, of those up to it, or of all. They have no answer. */
export function observeSettle(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((channel: Channel, operation: string, message: Message | undefined) =>
    calls.open({
      kind: 'client',
      convention: MESSAGING_CLIENT,
      operation,
      route: message && queueOf(message),
      attributes: labelsOf(channel, 'settle'),
      spanAttributes: () => ({ 'messaging.rabbitmq.message.delivery_tag': message?.fields.deliveryTag }),
    }),
  );
  const note = guard((channel: Channel, operation: string, message: Message | undefined, allUpTo: boolean) =>
    deliveriesOf(channel).settle(operation, message?.fields.deliveryTag, allUpTo),
  );
  const observe = (method: string, operation: string, takesMessage: boolean): void => {
    patch<Settle>(
      prototype,
      method,
      (settle) =>
        function (...args) {
          const message = takesMessage ? (args[0] as Message) : undefined;
          const call = open(this, operation, message);
          const result = call === undefined ? settle.apply(this, args) : runToEnd(call, settle, this, args);
          note(this, operation, message, operation !== 'reject' && Boolean(args[1]));
          return result;
        },
    );
  };
  observe('ack', 'ack', true);
  observe('ackAll', 'ack', false);
  observe('nack', 'nack', true);
  observe('nackAll', 'nack', false);
  observe('reject', 'reject', true);
}

/** Messages that have not been acknowledged when their channel closes go back into their queue. */
export function observeClose(prototype: object, guard: Guard): void {
  const abandon = guard((channel: Channel) => deliveriesOf(channel).abandon());
  patch<(this: Channel, ...args: unknown[]) => unknown>(
    prototype,
    'toClosed',
    (toClosed) =>
      function (...args) {
        abandon(this);
        return toClosed.apply(this, args);
      },
  );
}

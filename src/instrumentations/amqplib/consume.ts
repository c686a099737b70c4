import type { Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { MESSAGING_PROCESS } from '../../semconv/messaging.js';
import { extractCarrier } from '../messaging/carrier.js';
import { type Channel, destinationOf, labelsOf, type Message, type Options, textOf } from './channel.js';
import { deliveriesOf, noteQueue } from './deliveries.js';

type Consumer = (message: Message | null, ...rest: unknown[]) => unknown;

type Consume = (
  this: Channel,
  queue: unknown,
  consumer: Consumer,
  options?: Options | null,
  ...rest: unknown[]
) => unknown;

/**
 * A consumer processes each message in the trace of its publisher. If it returns a promise, the call ends when that settles.
 * If not, and the message is to be acknowledged, the work may go on after it has returned: then the call ends with that.
 */
export function observeConsume(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((channel: Channel, queue: unknown, message: Message, isSettled: boolean) => {
    const { fields, properties } = message;
    const destination = destinationOf(queue);
    noteQueue(message, destination);
    const call = calls.open({
      kind: 'consumer',
      convention: MESSAGING_PROCESS,
      operation: 'process',
      route: destination,
      attributes: labelsOf(channel, 'process'),
      spanAttributes: () => ({
        'messaging.message.id': textOf(properties.messageId),
        'messaging.message.conversation_id': textOf(properties.correlationId),
        'messaging.rabbitmq.destination.routing_key': textOf(fields.routingKey),
        'messaging.rabbitmq.message.delivery_tag': fields.deliveryTag,
        'messaging.destination.anonymous': destination === undefined ? true : undefined,
      }),
      extractFrom: extractCarrier(properties.headers),
    });
    return call && deliveriesOf(channel).open(message, call, isSettled);
  });
  patch<Consume>(
    prototype,
    'consume',
    (consume) =>
      function (queue, consumer, options, ...rest) {
        const isSettled = options?.noAck === true;
        const observed: Consumer = (message, ...others) => {
          // Without a message: the server has cancelled the consumer.
          const delivery = message === null ? undefined : open(this, queue, message, isSettled);
          if (delivery === undefined) return consumer(message, ...others);
          return delivery.run(consumer as (...args: unknown[]) => unknown, message, ...others);
        };
        const isFunction = typeof consumer === 'function';
        return consume.call(this, queue, isFunction ? observed : consumer, options, ...rest);
      },
  );
}

import type { Call, Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { MESSAGING_CLIENT } from '../../semconv/messaging.js';
import { injectCarrier } from '../messaging/carrier.js';
import { type Channel, destinationOf, labelsOf, type Options, textOf } from './channel.js';
import { runToEnd } from './run-to-end.js';

type Publish = (
  this: Channel,
  exchange: unknown,
  key: unknown,
  content: unknown,
  options?: Options | null,
  ...rest: unknown[]
) => unknown;

/** A message on a channel without confirms has no answer: its call ends when the message is written. */
export function observePublish(prototype: object, calls: Calls, guard: Guard): void {
  const open = openPublish(calls, guard);
  patch<Publish>(
    prototype,
    'publish',
    (publish) =>
      function (exchange, key, content, given, ...rest) {
        const publishing = open(this, exchange, key, given);
        if (publishing === undefined) return publish.call(this, exchange, key, content, given, ...rest);
        const { call, options } = publishing;
        return runToEnd(call, publish, this, [exchange, key, content, options, ...rest]);
      },
  );
}

type Confirm = (...args: unknown[]) => unknown;

/** With confirms, the call ends when the server confirms or refuses the message, or the channel closes. */
export function observeConfirmedPublish(prototype: object, calls: Calls, guard: Guard): void {
  const open = openPublish(calls, guard);
  patch<Publish>(
    prototype,
    'publish',
    (publish) =>
      function (exchange, key, content, given, confirm, ...rest) {
        const publishing = open(this, exchange, key, given);
        if (publishing === undefined)
          return publish.call(this, exchange, key, content, given, confirm, ...rest);
        const { call, options } = publishing;
        const bound = typeof confirm === 'function' ? calls.bind(confirm as Confirm) : undefined;
        const confirmed: Confirm = (error, ...others) => {
          call.end(error ? { error } : {});
          return bound?.(error, ...others);
        };
        try {
          return call.run(publish, this, exchange, key, content, options, confirmed, ...rest);
        } catch (error) {
          call.end({ error });
          throw error;
        }
      },
  );
}

/** What is published instead of the options of the application, by which call. */
interface Publishing {
  readonly call: Call;
  readonly options: Options;
}

type OpenPublish = (
  channel: Channel,
  exchange: unknown,
  key: unknown,
  options: Options | null | undefined,
) => Publishing | undefined;

function openPublish(calls: Calls, guard: Guard): OpenPublish {
  return guard((channel, exchange, key, options) => {
    // amqplib also sends what options and headers inherit.
    const headers: Record<string, unknown> = Object.create(options?.headers ?? null);
    // To the default exchange, the key is the name of a queue; to another one it may have ids in it.
    const name = textOf(exchange) ?? textOf(key);
    const destination = destinationOf(name);
    const call = calls.open({
      kind: 'producer',
      convention: MESSAGING_CLIENT,
      // A channel with confirms publishes as the others do, and then waits.
      suppresses: MESSAGING_CLIENT,
      operation: 'publish',
      route: destination,
      attributes: labelsOf(channel, 'send'),
      spanAttributes: () => ({
        'messaging.rabbitmq.destination.routing_key': textOf(key),
        'messaging.destination.anonymous': name === destination ? undefined : true,
      }),
      injectInto: injectCarrier(headers),
    });
    return call && { call, options: Object.assign(Object.create(options ?? null), { headers }) };
  });
}

import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { MESSAGING_CLIENT, MESSAGING_PROCESS } from '../semconv/messaging.js';
import { observeConsume } from './amqplib/consume.js';
import { observeCalledBackGet, observePromisedGet } from './amqplib/get.js';
import { observeConfirmedPublish, observePublish } from './amqplib/publish.js';
import { observeClose, observeSettle } from './amqplib/settle.js';

const VERSIONS = '^0.10.0 || ^1.0.0 || ^2.0.0';

/**
 * Channels of amqplib. Its two APIs have classes of their own, on one base class. What is published is named by its exchange,
 * or by its queue where that is the default one. Routing keys are on the span alone, because they may have ids in them.
 */
export const amqplib: Instrumentation = {
  name: 'amqplib',
  observes: 'Channels of amqplib 0.10, 1 and 2, by promises and by callbacks, with and without confirms',
  conventions: [MESSAGING_CLIENT, MESSAGING_PROCESS],
  targets: [
    {
      package: 'amqplib',
      versions: VERSIONS,
      file: 'lib/channel_model.js',
      attach(classes: Classes, calls, guard) {
        observeChannels(classes, calls, guard);
        observePromisedGet(classes.Channel.prototype, calls, guard);
      },
    },
    {
      package: 'amqplib',
      versions: VERSIONS,
      file: 'lib/callback_model.js',
      attach(classes: Classes, calls, guard) {
        observeChannels(classes, calls, guard);
        observeCalledBackGet(classes.Channel.prototype, calls, guard);
      },
    },
    {
      package: 'amqplib',
      versions: VERSIONS,
      file: 'lib/channel.js',
      attach: ({ Channel }, _calls, guard) => observeClose(Channel.prototype, guard),
    },
  ],
};

interface Classes {
  readonly Channel: { readonly prototype: object };
  readonly ConfirmChannel: { readonly prototype: object };
}

function observeChannels({ Channel, ConfirmChannel }: Classes, calls: Calls, guard: Guard): void {
  observePublish(Channel.prototype, calls, guard);
  observeConfirmedPublish(ConfirmChannel.prototype, calls, guard);
  observeConsume(Channel.prototype, calls, guard);
  observeSettle(Channel.prototype, calls, guard);
}

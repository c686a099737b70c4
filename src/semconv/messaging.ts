import { type CallCounter, DURATION_BOUNDARIES, defineConvention } from './convention.js';

/**
 * The operation names a call together with the queue or topic. Of these, as of routes, only a limited number get series of
 * their own.
 */
const messaging = {
  operation: 'messaging.operation.name',
  hasOwnOperations: true,
  route: 'messaging.destination.name',
  spanName: (operation: string, destination: string | undefined): string =>
    destination === undefined ? operation : `${operation} ${destination}`,
  // Messaging systems have errors, but no status codes.
  isFailure: () => true,
  boundaries: DURATION_BOUNDARIES,
  labels: [
    'messaging.system',
    'messaging.operation.name',
    'messaging.operation.type',
    'messaging.destination.name',
    'messaging.consumer.group.name',
    'server.address',
    'server.port',
    'error.type',
  ],
};

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/#metric-messagingclientsentmessages */
const SENT: CallCounter = {
  name: 'messaging.client.sent.messages',
  description: 'Messages that were to be sent.',
  unit: '{message}',
};

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/#metric-messagingclientconsumedmessages */
const CONSUMED: CallCounter = {
  name: 'messaging.client.consumed.messages',
  description: 'Messages that the application was given.',
  unit: '{message}',
};

const COUNTERS: Readonly<Record<string, CallCounter>> = { send: SENT, receive: CONSUMED };

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/#metric-messagingclientoperationduration */
export const MESSAGING_CLIENT = defineConvention({
  ...messaging,
  counters: [SENT, CONSUMED],
  counterOf: ({ 'messaging.operation.type': type }) => COUNTERS[String(type)],
  histogram: 'messaging.client.operation.duration',
  description: 'Duration of operations of messaging clients: messages sent, received and settled.',
});

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/#metric-messagingprocessduration */
export const MESSAGING_PROCESS = defineConvention({
  ...messaging,
  counters: [CONSUMED],
  counterOf: () => CONSUMED,
  histogram: 'messaging.process.duration',
  description: 'Duration of the processing of messages.',
});

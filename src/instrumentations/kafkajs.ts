import type { Call, Calls, Guard, Instrumentation, Outcome } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { whenSettled } from '../patching/when-settled.js';
import { MESSAGING_CLIENT, MESSAGING_PROCESS } from '../semconv/messaging.js';
import { propertyOf } from '../semconv/property.js';
import { extractCarrier, injectCarrier } from './messaging/carrier.js';
import { runHandler } from './messaging/run-handler.js';

/**
 * Producers and consumers of kafkajs. Sending is one call, for several topics and in a transaction too, and its context
 * is in the headers of each message. A message is processed in the trace of its sender, a batch in one of its own that links
 * to the senders of its messages. kafkajs keeps its methods in closures, so they are patched on each producer and consumer.
 */
export const kafkajs: Instrumentation = {
  name: 'kafkajs',
  observes: 'Producers, transactions and consumers of kafkajs 2',
  conventions: [MESSAGING_CLIENT, MESSAGING_PROCESS],
  targets: [
    {
      package: 'kafkajs',
      versions: '^2.0.0',
      file: 'src/index.js',
      attach: ({ prototype }, calls, guard) => {
        observeProducers(prototype, calls, guard);
        observeConsumers(prototype, calls, guard);
      },
    },
  ],
};

interface Message {
  readonly value?: unknown;
  readonly offset?: string;
  readonly headers?: Record<string, unknown>;
}

interface TopicMessages {
  readonly topic: string;
  readonly messages: readonly Message[];
}

/** Of `send`, or of `sendBatch`. */
interface SentRecord extends TopicMessages {
  readonly topicMessages: readonly TopicMessages[];
}

type Send = (record: unknown) => Promise<unknown>;

interface Producer {
  send: Send;
  sendBatch: Send;
  transaction(): Promise<Producer>;
}

type CreateProducer = (this: unknown, ...args: unknown[]) => Producer;

function observeProducers(prototype: object, calls: Calls, guard: Guard): void {
  const observe = guard((producer: Producer) => observeSending(producer, calls, guard));
  patch<CreateProducer>(
    prototype,
    'producer',
    (create) =>
      function (...args) {
        const producer = create.apply(this, args);
        observe(producer);
        patch<Producer['transaction']>(producer, 'transaction', (begin) => async () => {
          const transaction = await begin();
          observe(transaction);
          return transaction;
        });
        return producer;
      },
  );
}

/** What is sent instead of the record of the application, by which call. */
interface Sending {
  readonly call: Call;
  readonly record: unknown;
}

function observeSending(producer: Producer, calls: Calls, guard: Guard): void {
  observeMethod(
    producer,
    'send',
    (record) => [record],
    (record, [only]) => ({ ...record, ...only }),
    calls,
    guard,
  );
  observeMethod(
    producer,
    'sendBatch',
    ({ topicMessages }) => topicMessages,
    (record, topicMessages) => ({ ...record, topicMessages }),
    calls,
    guard,
  );
}

function observeMethod(
  producer: Producer,
  operation: 'send' | 'sendBatch',
  topicsOf: (record: SentRecord) => readonly TopicMessages[],
  withTopics: (record: SentRecord, topics: readonly TopicMessages[]) => object,
  calls: Calls,
  guard: Guard,
): void {
  const open = guard((record: unknown): Sending | undefined => {
    const topics = isComplete(record) ? topicsOf(record) : [];
    const names = new Set(topics.map(({ topic }) => topic));
    const count = topics.reduce((sum, { messages }) => sum + messages.length, 0);
    const headers: Record<string, string> = {};
    const call = calls.open({
      kind: 'producer',
      convention: MESSAGING_CLIENT,
      operation,
      route: names.size === 1 ? topics[0]?.topic : undefined,
      attributes: { 'messaging.system': 'kafka', 'messaging.operation.type': 'send' },
      messages: count,
      spanAttributes: () => (count === 1 ? {} : { 'messaging.batch.message_count': count }),
      injectInto: injectCarrier(headers),
    });
    if (call === undefined) return undefined;
    if (!isComplete(record)) return { call, record };
    return {
      call,
      record: withTopics(
        record,
        topics.map((topic) => withHeaders(topic, headers)),
      ),
    };
  });
  patch<Send>(producer, operation, (send) => (record) => {
    const sending = open(record);
    if (sending === undefined) return send(record);
    const { call } = sending;
    return whenSettled(
      call.run(send, undefined, sending.record),
      () => call.end({}),
      (error) => call.end(outcomeOf(error)),
    );
  });
}

/** Whether kafkajs can send it. If not, it says so, and quotes messages, which must be those of the application. */
function isComplete(record: unknown): record is SentRecord {
  const { topicMessages = [record] } = (record ?? {}) as { topicMessages?: unknown };
  return (
    Array.isArray(topicMessages) &&
    topicMessages.every(
      (each) =>
        each?.topic &&
        Array.isArray(each.messages) &&
        each.messages.every((message: Message) => message?.value !== undefined),
    )
  );
}

/** Copies, because the messages belong to the application. */
function withHeaders({ topic, messages }: TopicMessages, headers: Record<string, string>): TopicMessages {
  return {
    topic,
    messages: messages.map((message) => ({ ...message, headers: { ...message.headers, ...headers } })),
  };
}

interface Consumer {
  run(config?: Config): Promise<void>;
}

interface Config {
  readonly eachMessage?: Handler<MessagePayload>;
  readonly eachBatch?: Handler<BatchPayload>;
}

type Handler<P> = (this: unknown, payload: P, ...rest: unknown[]) => unknown;

interface MessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
}

interface BatchPayload {
  readonly batch: TopicMessages & { readonly partition: number };
}

type CreateConsumer = (
  this: unknown,
  options?: { readonly groupId?: string },
  ...rest: unknown[]
) => Consumer;

function observeConsumers(prototype: object, calls: Calls, guard: Guard): void {
  patch<CreateConsumer>(
    prototype,
    'consumer',
    (create) =>
      function (options, ...rest) {
        const consumer = create.call(this, options, ...rest);
        const observe = guard((config: Config) => observeHandlers(config, options?.groupId, calls, guard));
        patch<Consumer['run']>(
          consumer,
          'run',
          (run) => (config) => run(config === undefined ? config : (observe(config) ?? config)),
        );
        return consumer;
      },
  );
}

function observeHandlers(config: Config, group: string | undefined, calls: Calls, guard: Guard): Config {
  const { eachMessage, eachBatch } = config;
  const start = (topic: string) =>
    ({
      kind: 'consumer',
      convention: MESSAGING_PROCESS,
      operation: 'process',
      route: topic,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': group,
      },
    }) as const;
  const openMessage = guard(({ topic, partition, message }: MessagePayload) =>
    calls.open({
      ...start(topic),
      extractFrom: extractCarrier(message.headers),
      spanAttributes: () => ({
        'messaging.destination.partition.id': String(partition),
        'messaging.kafka.offset': Number(message.offset),
      }),
    }),
  );
  const openBatch = guard(({ batch: { topic, partition, messages } }: BatchPayload) =>
    calls.open({
      ...start(topic),
      links: messages.map(({ headers }) => extractCarrier(headers)),
      messages: messages.length,
      spanAttributes: () => ({
        'messaging.destination.partition.id': String(partition),
        'messaging.batch.message_count': messages.length,
      }),
    }),
  );
  return {
    ...config,
    ...(eachMessage && { eachMessage: inside(eachMessage, openMessage) }),
    ...(eachBatch && { eachBatch: inside(eachBatch, openBatch) }),
  };
}

function inside<P>(handler: Handler<P>, open: (payload: P) => Call | undefined): Handler<P> {
  return function (...args) {
    return runHandler(open(args[0]), outcomeOf, handler as Handler<unknown>, this, args);
  };
}

/** The name that Kafka gives to an error, such as `UNKNOWN_TOPIC_OR_PARTITION`, also where the retries were in vain. */
function outcomeOf(error: unknown): Outcome {
  const type = propertyOf(error, 'type') ?? propertyOf(propertyOf(error, 'cause'), 'type');
  return typeof type === 'string' ? { error, errorType: type } : { error };
}

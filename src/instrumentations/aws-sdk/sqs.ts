import type { Attributes, Calls, ExtractCarrier } from '../../instrumentation.js';
import { defaultPort } from '../../semconv/url.js';
import { injectCarrier } from '../messaging/carrier.js';
import { hasRoom, headersIn, type MessageAttributes, withHeaders } from './message-attributes.js';
import { type Operation, type Operations, openCall, operationOf } from './operation.js';

interface QueueInput {
  readonly QueueUrl?: string;
}

interface SentMessage {
  readonly MessageBody?: string;
  readonly MessageAttributes?: MessageAttributes | undefined;
}

interface BatchInput extends QueueInput {
  readonly Entries?: readonly SentMessage[];
}

interface ReceiveInput extends QueueInput {
  readonly MessageAttributeNames?: readonly string[];
}

interface ReceivedMessage {
  readonly Body?: string;
  MessageAttributes?: Record<string, object>;
  MD5OfMessageAttributes?: string;
}

export const SQS: Operations = {
  SendMessage(name: string, input: QueueInput & SentMessage, calls: Calls) {
    return send(name, input, [input], ([message]) => ({ ...input, ...message }), calls);
  },
  SendMessageBatch(name: string, input: BatchInput, calls: Calls) {
    return send(name, input, input.Entries ?? [], (Entries) => ({ ...input, Entries }), calls);
  },
  ReceiveMessage: receive,
  DeleteMessage: settle,
  DeleteMessageBatch: settle,
  ChangeMessageVisibility: settle,
  ChangeMessageVisibilityBatch: settle,
};

/** What has been sent, as SQS says. */
interface Sent {
  MD5OfMessageAttributes?: string;
}

function send(
  operation: string,
  input: QueueInput,
  messages: readonly SentMessage[],
  withMessages: (messages: readonly SentMessage[]) => object,
  calls: Calls,
): Operation | undefined {
  const headers: Record<string, string> = {};
  const call = openCall(
    {
      ...queueOf(input),
      kind: 'producer',
      type: 'send',
      operation,
      messages: messages.length,
      spanAttributes: () => countOf(input),
      injectInto: injectCarrier(headers),
    },
    calls,
  );
  if (call === undefined) return undefined;
  const room = hasRoom(messages.map(({ MessageBody }) => MessageBody));
  const sent = messages.map((message) => ({
    ...message,
    MessageAttributes: withHeaders(message.MessageAttributes, room ? headers : {}),
  }));
  const hadAttributes = messages.some(({ MessageAttributes: own = {} }) => Object.keys(own).length > 0);
  return operationOf(call, withMessages(sent), (output: Sent & { readonly Successful?: readonly Sent[] }) => {
    // The digest of attributes that the application has not sent.
    if (!hadAttributes)
      for (const each of [output, ...(output.Successful ?? [])]) delete each.MD5OfMessageAttributes;
  });
}

/** Under which names a message may have brought its context. */
const CONTEXT = ['traceparent', 'tracestate', 'b3'];

/** Asks for the context too, and takes it out of what the application sees unless that has asked for it. */
function receive(operation: string, input: ReceiveInput, calls: Calls): Operation | undefined {
  const call = openCall(
    { ...queueOf(input), kind: 'client', type: 'receive', operation, messages: 0 },
    calls,
  );
  if (call === undefined) return undefined;
  const { MessageAttributeNames: names = [] } = input;
  const added = CONTEXT.filter((name) => !names.some((pattern) => asksFor(pattern, name)));
  const asked = { ...input, MessageAttributeNames: [...names, ...added] };
  return operationOf(
    call,
    asked,
    ({ Messages: messages = [] }: { readonly Messages?: readonly ReceivedMessage[] }) => {
      call.set({ 'messaging.batch.message_count': messages.length });
      calls.link(call, messages.map(contextOf));
      for (const message of messages) {
        for (const name of added) delete message.MessageAttributes?.[name];
        if (Object.keys(message.MessageAttributes ?? {}).length > 0) continue;
        delete message.MessageAttributes;
        delete message.MD5OfMessageAttributes;
      }
    },
  );
}

/** `All`, a name, or the beginning of names: `order.*`. */
function asksFor(pattern: string, name: string): boolean {
  return (
    pattern === 'All' || pattern === name || (pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -2)))
  );
}

function contextOf({ Body, MessageAttributes: attributes }: ReceivedMessage): ExtractCarrier {
  const headers = headersIn(attributes);
  return CONTEXT.some((name) => headers[name] !== undefined) ? headers : contextOfNotification(Body);
}

/** SNS puts a message with its attributes into the body, unless the subscription has raw delivery. */
function contextOfNotification(body = ''): ExtractCarrier {
  if (!body.startsWith('{') || !body.includes('"traceparent"')) return {};
  try {
    const { MessageAttributes: attributes } = JSON.parse(body) as {
      readonly MessageAttributes?: Record<string, { readonly Value?: string }>;
    };
    const headers = Object.entries(attributes ?? {}).map(([name, { Value }]) => [name.toLowerCase(), Value]);
    return Object.fromEntries(headers);
  } catch {
    // Some other text of the application's.
    return {};
  }
}

/** A message that is deleted has been processed; one whose visibility changes is returned, or kept for longer. */
function settle(operation: string, input: BatchInput, calls: Calls): Operation | undefined {
  const start = { ...queueOf(input), kind: 'client', type: 'settle', operation } as const;
  const call = openCall({ ...start, spanAttributes: () => countOf(input) }, calls);
  return call && operationOf(call, input);
}

function countOf({ Entries }: BatchInput): Attributes {
  return { 'messaging.batch.message_count': Entries?.length };
}

/** `https://sqs.eu-central-1.amazonaws.com/123456789012/orders` */
function queueOf({ QueueUrl = '' }: QueueInput) {
  const { hostname, port, protocol = '' } = URL.parse(QueueUrl) ?? {};
  const defaulted = port === '' ? defaultPort(protocol.slice(0, -1)) : Number(port);
  return {
    system: 'aws.sqs',
    route: QueueUrl.split('/').at(-1),
    server: { 'server.address': hostname, 'server.port': hostname === undefined ? undefined : defaulted },
  };
}

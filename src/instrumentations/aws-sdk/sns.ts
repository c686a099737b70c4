import type { Calls } from '../../instrumentation.js';
import { injectCarrier } from '../messaging/carrier.js';
import { hasRoom, type MessageAttributes, withHeaders } from './message-attributes.js';
import { type Operation, type Operations, openCall, operationOf } from './operation.js';

interface Message {
  readonly Message?: string;
  readonly MessageAttributes?: MessageAttributes | undefined;
}

interface PublishInput extends Message {
  readonly TopicArn?: string;
}

interface PublishBatchInput {
  readonly TopicArn?: string;
  readonly PublishBatchRequestEntries?: readonly Message[];
}

/** Messages to telephones and devices have no topic. */
export const SNS: Operations = {
  Publish(name: string, input: PublishInput, calls: Calls) {
    return publish(name, input.TopicArn, [input], ([message]) => ({ ...input, ...message }), calls);
  },
  PublishBatch(name: string, input: PublishBatchInput, calls: Calls) {
    const { TopicArn, PublishBatchRequestEntries: entries = [] } = input;
    return publish(
      name,
      TopicArn,
      entries,
      (sent) => ({ ...input, PublishBatchRequestEntries: sent }),
      calls,
    );
  },
};

function publish(
  operation: string,
  topic: string | undefined,
  messages: readonly Message[],
  withMessages: (messages: readonly Message[]) => object,
  calls: Calls,
): Operation | undefined {
  const headers: Record<string, string> = {};
  const call = openCall(
    {
      kind: 'producer',
      system: 'aws.sns',
      type: 'send',
      operation,
      route: topic?.split(':').at(-1),
      messages: messages.length,
      spanAttributes: () => ({
        'messaging.batch.message_count': operation === 'Publish' ? undefined : messages.length,
      }),
      injectInto: injectCarrier(headers),
    },
    calls,
  );
  if (call === undefined) return undefined;
  const room = hasRoom(messages.map(({ Message: body }) => body));
  const sent = messages.map((message) => ({
    ...message,
    MessageAttributes: withHeaders(message.MessageAttributes, room ? headers : {}),
  }));
  return operationOf(call, withMessages(sent));
}

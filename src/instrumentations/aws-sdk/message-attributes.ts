import type { ExtractCarrier } from '../../instrumentation.js';

/** Of SQS and SNS. */
export interface MessageAttribute {
  readonly DataType?: string | undefined;
  readonly StringValue?: string | undefined;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/**
 * A message has no more attributes than that.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
const MAX_ATTRIBUTES = 10;

/**
 * The smallest limit that a queue has for the bytes of a message or a batch is 256 KiB. Attributes count, so larger messages
 * are left as they are, with room for those of the application.
 */
const MAX_BYTES = 240 * 1_024;

/** Whether the context fits beside these bodies. */
export function hasRoom(bodies: readonly (string | undefined)[]): boolean {
  return bodies.reduce((sum, body = '') => sum + Buffer.byteLength(body), 0) <= MAX_BYTES;
}

/** The attributes of the application and, as far as there is room, the headers of the context, in their order. */
export function withHeaders(
  attributes: MessageAttributes | undefined,
  headers: Readonly<Record<string, string>>,
): MessageAttributes | undefined {
  const all: Record<string, MessageAttribute> = { ...attributes };
  for (const [name, value] of Object.entries(headers)) {
    if (Object.hasOwn(all, name) || Object.keys(all).length < MAX_ATTRIBUTES)
      all[name] = { DataType: 'String', StringValue: value };
  }
  return Object.keys(all).length === 0 ? attributes : all;
}

export function headersIn(attributes: MessageAttributes | undefined): ExtractCarrier {
  const headers: Record<string, string | undefined> = {};
  for (const [name, { StringValue }] of Object.entries(attributes ?? {}))
    headers[name.toLowerCase()] = StringValue;
  return headers;
}

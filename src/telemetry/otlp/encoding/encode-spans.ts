import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Body, sizeOf } from '../transport/transport.js';
import { type CallSpanEncoder, EncodedSpan } from './call-span-encoder.js';
import { serializeSpans } from './sdk-serializers.js';

/** The default message limit of gRPC servers, including the OpenTelemetry Collector. No span can be larger. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Spans of calls are encoded when they end; the application's own spans when they are sent. */
export type QueuedSpan = EncodedSpan | ReadableSpan;

export interface EncodedRequest {
  /** The export request. Absent when its only span cannot be sent. */
  readonly body: Body | undefined;
  /** How many spans it covers, counted from the first. At least one. */
  readonly count: number;
}

/**
 * Encodes `spans`, or as many of the first ones as fit into one request of `bytes`. A single span may be larger.
 * `spans` must not be empty.
 */
export function encodeSpans(
  spans: readonly QueuedSpan[],
  encoder: CallSpanEncoder,
  bytes: number,
): EncodedRequest {
  const count = spans.length;
  const body = encode(spans, encoder);
  const size = body === undefined ? Number.POSITIVE_INFINITY : sizeOf(body);
  if (size <= bytes) return { body, count };
  if (count === 1) return { body: size <= MAX_BYTES ? body : undefined, count };
  return encodeSpans(spans.slice(0, Math.ceil(count / 2)), encoder, bytes);
}

/** Returns `undefined` if one of the spans cannot be encoded. */
function encode(spans: readonly QueuedSpan[], encoder: CallSpanEncoder): Body | undefined {
  const ofCalls: EncodedSpan[] = [];
  const others: ReadableSpan[] = [];
  for (const span of spans) {
    if (span instanceof EncodedSpan) ofCalls.push(span);
    else others.push(span);
  }
  try {
    // Protobuf merges concatenated messages: two requests in a row are one request with the spans of both.
    return [
      ...(ofCalls.length > 0 ? encoder.request(ofCalls) : []),
      ...(others.length > 0 ? [serializeSpans(others)] : []),
    ];
  } catch {
    return undefined;
  }
}

import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Body, sizeOf } from '../transport/transport.js';
import { type CallSpanEncoder, EncodedSpan } from './call-span-encoder.js';
import { serializeSpans } from './sdk-serializers.js';

/** The default message limit of gRPC servers, including the OpenTelemetry Collector. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Spans of calls are encoded when they end; the application's own spans when they are sent. */
export type QueuedSpan = EncodedSpan | ReadableSpan;

export interface EncodedRequest {
  /** The export request. Absent when its only span cannot be sent. */
  readonly body: Body | undefined;
  /** How many spans it covers, counted from the first. At least one. */
  readonly count: number;
}

/** Encodes `spans`, or as many of the first ones as fit into one request. `spans` must not be empty. */
export function encodeSpans(spans: readonly QueuedSpan[], encoder: CallSpanEncoder): EncodedRequest {
  const body = encode(spans, encoder);
  if (body !== undefined || spans.length === 1) return { body, count: spans.length };
  return encodeSpans(spans.slice(0, Math.ceil(spans.length / 2)), encoder);
}

function encode(spans: readonly QueuedSpan[], encoder: CallSpanEncoder): Body | undefined {
  const ofCalls: EncodedSpan[] = [];
  const others: ReadableSpan[] = [];
  for (const span of spans) {
    if (span instanceof EncodedSpan) ofCalls.push(span);
    else others.push(span);
  }
  try {
    // Protobuf merges concatenated messages: two requests in a row are one request with the spans of both.
    const body = [
      ...(ofCalls.length > 0 ? encoder.request(ofCalls) : []),
      ...(others.length > 0 ? [serializeSpans(others)] : []),
    ];
    return sizeOf(body) <= MAX_BYTES ? body : undefined;
  } catch {
    return undefined;
  }
}

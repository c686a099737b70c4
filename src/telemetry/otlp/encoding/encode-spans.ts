import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Body, sizeOf } from '../transport/transport.js';
import { type CallSpanEncoder, EncodedSpan } from './call-span-encoder.js';

/** What gRPC servers, the OpenTelemetry Collector among them, accept in one message unless told otherwise. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Spans of calls are encoded as they end, the application's own when they are sent. */
export type QueuedSpan = EncodedSpan | ReadableSpan;

export interface EncodedRequest {
  /** The export request; absent when the one span that it would hold cannot be sent. */
  readonly body: Body | undefined;
  /** How many of the spans it covers, from the first one on; at least one. */
  readonly count: number;
}

/** Encodes `spans`, or as many from the first one on as can be sent in one request. `spans` is not empty. */
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
    // Two requests one after the other are one request with all that is in them: so protobuf has it.
    const body = [
      ...(ofCalls.length > 0 ? encoder.request(ofCalls) : []),
      ...(others.length > 0 ? [ProtobufTraceSerializer.serializeRequest(others) ?? new Uint8Array()] : []),
    ];
    return sizeOf(body) <= MAX_BYTES ? body : undefined;
  } catch {
    return undefined;
  }
}

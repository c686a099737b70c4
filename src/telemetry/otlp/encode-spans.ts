import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** What gRPC servers, the OpenTelemetry Collector among them, accept in one message unless told otherwise. */
const MAX_BYTES = 4 * 1024 * 1024;

export interface EncodedSpans {
  /** The export request; absent when the one span that it would hold cannot be sent. */
  readonly body: Uint8Array | undefined;
  /** How many of the spans it covers, from the first one on; at least one. */
  readonly count: number;
}

/** Encodes `spans`, or as many from the first one on as can be sent in one request. `spans` is not empty. */
export function encodeSpans(spans: readonly ReadableSpan[]): EncodedSpans {
  const body = encode(spans);
  if (body !== undefined || spans.length === 1) return { body, count: spans.length };
  return encodeSpans(spans.slice(0, Math.ceil(spans.length / 2)));
}

function encode(spans: readonly ReadableSpan[]): Uint8Array | undefined {
  try {
    const body = ProtobufTraceSerializer.serializeRequest([...spans]);
    return body !== undefined && body.length <= MAX_BYTES ? body : undefined;
  } catch {
    return undefined;
  }
}

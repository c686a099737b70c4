import type { SpanStatus } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { Links } from '../../../calls/links.js';
import type { Attributes } from '../../../instrumentation.js';
import { privateField } from '../../../patching/private-field.js';
import type { CallSpan } from '../../traces/call-span.js';
import { type Body, sizeOf } from '../transport/transport.js';
import { FIXED32, FIXED64, LENGTH_DELIMITED, ProtobufWriter, VARINT } from './protobuf-writer.js';
import { writeAttribute } from './write-attribute.js';
import { writeResource, writeScope } from './write-resource.js';
import { writeTime } from './write-time.js';

/** A span in the OTLP wire format: one field of `ScopeSpans`, from `start` to `end` in its chunk. */
export class EncodedSpan {
  readonly chunk: Chunk;
  readonly start: number;
  readonly end: number;

  constructor(chunk: Chunk, start: number, end: number) {
    this.chunk = chunk;
    this.start = start;
    this.end = end;
  }
}

/** A buffer with the bytes of many spans. */
class Chunk extends ProtobufWriter {
  /** How many of its spans are not recycled yet. */
  spans = 0;
}

const CHUNK_BYTES = 64 * 1024;
/** Space that a chunk keeps free for its last span. Few spans are larger; for those, the chunk grows. */
const ROOM_BYTES = 4 * 1024;
/** Enough for the spans that end while an export is in flight. */
const SPARE_CHUNKS = 16;
/** Most spans have between 128 bytes and 16 KB, a length that takes two bytes. */
const SPAN_LENGTH_BYTES = 2;

/**
 * Encodes the span of a call as soon as it ends. Spans that wait for their export cost less as bytes than as objects,
 * which the garbage collector would have to trace.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export class CallSpanEncoder {
  #chunk = new Chunk(CHUNK_BYTES);
  readonly #spares: Chunk[] = [];
  /** The encoded fields that all spans with the same labels share, by these labels. Bounded by the series of RED. */
  readonly #common = new Map<Attributes, Uint8Array>();
  readonly #frame: { resource: Resource; scope: InstrumentationScope };

  constructor(resource: Resource, scope: InstrumentationScope) {
    this.#frame = { resource, scope };
  }

  encode(span: CallSpan): EncodedSpan {
    if (this.#chunk.length > CHUNK_BYTES - ROOM_BYTES)
      this.#chunk = this.#spares.pop() ?? new Chunk(CHUNK_BYTES);
    const chunk = this.#chunk;
    const start = chunk.length;
    this.#write(chunk, span);
    chunk.spans += 1;
    return new EncodedSpan(chunk, start, chunk.length);
  }

  /**
   * Reuses the memory of spans that are no longer read. Allocating new chunks each time would make the garbage
   * collector run every other second.
   */
  recycle(spans: readonly EncodedSpan[]): void {
    for (const { chunk } of spans) {
      chunk.spans -= 1;
      const isSpare = chunk.spans === 0 && chunk !== this.#chunk && chunk.bytes.length === CHUNK_BYTES;
      if (!isSpare || this.#spares.length === SPARE_CHUNKS) continue;
      chunk.clear();
      this.#spares.push(chunk);
    }
  }

  #write(out: ProtobufWriter, span: CallSpan): void {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const { parentSpanContext: parent, call } = span;
    const start = out.begin(2, SPAN_LENGTH_BYTES);
    out.hex(1, traceId);
    out.hex(2, spanId);
    if (traceState !== undefined) out.string(3, traceState.serialize());
    if (parent !== undefined) out.hex(4, parent.spanId);
    out.tag(6, VARINT);
    out.varint(span.kind + 1);
    out.tag(7, FIXED64);
    writeTime(out, span.startedAt);
    out.tag(8, FIXED64);
    writeTime(out, span.endedAt);
    if (call.seriesAttributes === undefined) {
      out.string(5, span.name);
      writeAttributes(out, call.attributes);
    } else {
      out.copy(this.#commonFields(call.seriesAttributes, span));
    }
    if (call.spanOnlyAttributes !== undefined) writeAttributes(out, call.spanOnlyAttributes);
    if (span.ownAttributes !== undefined) writeAttributes(out, span.ownAttributes);
    if (span.sharedAttributes !== undefined) writeShared(out, span.sharedAttributes);
    if (call.links !== undefined) writeLinks(out, call.links);
    if (call.failed) writeStatus(out, span.status);
    out.tag(16, FIXED32);
    out.fixed32(flagsOf(traceFlags, parent?.isRemote));
    out.end(start, SPAN_LENGTH_BYTES);
  }

  /** The labels and the name, which is derived from two of them: the operation and the route. */
  #commonFields(labels: Attributes, { name }: CallSpan): Uint8Array {
    let common = this.#common.get(labels);
    if (common === undefined) {
      common = toBytes((out) => {
        out.string(5, name);
        writeAttributes(out, labels);
      });
      this.#common.set(labels, common);
    }
    return common;
  }

  /** An `ExportTraceServiceRequest` with these spans, in pieces. */
  request(spans: readonly EncodedSpan[]): Body {
    const pieces = contiguous(spans);
    const size = sizeOf(pieces);
    const { scope, resource } = this.#frame;
    const scopeHead = toBytes((out) => writeScope(out, scope));
    const scopeSpans = Buffer.concat([head(2, scopeHead.length + size), scopeHead]);
    const resourceHead = toBytes((out) => writeResource(out, resource));
    const resourceSpans = head(1, resourceHead.length + scopeSpans.length + size);
    return [resourceSpans, resourceHead, scopeSpans, ...pieces];
  }
}

/** The bytes of the spans. Spans that are adjacent in their chunk become one piece. */
function contiguous(spans: readonly EncodedSpan[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let first = 0; first < spans.length; ) {
    const { chunk, start } = spans[first] as EncodedSpan;
    let end = start;
    for (let next = spans[first]; next?.chunk === chunk && next.start === end; next = spans[first]) {
      end = next.end;
      first += 1;
    }
    pieces.push(chunk.bytes.subarray(start, end));
  }
  return pieces;
}

const scratch = new ProtobufWriter(1024);

function toBytes(write: (out: ProtobufWriter) => void): Uint8Array {
  scratch.clear();
  write(scratch);
  return new Uint8Array(scratch.finish());
}

/** The tag and length of a field. Its `length` bytes follow. */
function head(field: number, length: number): Uint8Array {
  return toBytes((out) => {
    out.tag(field, LENGTH_DELIMITED);
    out.varint(length);
  });
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

/** The bytes of shared attributes, or `once` after they have been written for the first time. */
const encodedShared = privateField<Uint8Array | 'once'>();

/** Caches the bytes of `shared` from the second time on: attributes of a single span are not worth keeping. */
function writeShared(out: ProtobufWriter, shared: Attributes): void {
  const encoded = encodedShared.get(shared);
  if (encoded === undefined) {
    encodedShared.set(shared, 'once');
    writeAttributes(out, shared);
    return;
  }
  const bytes = encoded === 'once' ? toBytes((own) => writeAttributes(own, shared)) : encoded;
  if (encoded === 'once') encodedShared.set(shared, bytes);
  out.copy(bytes);
}

function writeAttributes(out: ProtobufWriter, attributes: Attributes): void {
  for (const key in attributes) {
    // The application may have made a property of Object.prototype enumerable.
    const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
    if (value !== undefined) writeAttribute(out, 9, key, value);
  }
}

function writeLinks(out: ProtobufWriter, { spans, dropped }: Links): void {
  for (const { traceId, spanId, traceState, traceFlags, isRemote } of spans) {
    const link = out.begin(13);
    out.hex(1, traceId);
    out.hex(2, spanId);
    if (traceState !== undefined) out.string(3, traceState.serialize());
    out.tag(6, FIXED32);
    out.fixed32(flagsOf(traceFlags, isRemote));
    out.end(link);
  }
  if (dropped === 0) return;
  out.tag(14, VARINT);
  out.varint(dropped);
}

function writeStatus(out: ProtobufWriter, { code, message }: SpanStatus): void {
  const status = out.begin(15);
  if (message !== undefined) out.string(2, message);
  out.tag(3, VARINT);
  out.varint(code);
  out.end(status);
}

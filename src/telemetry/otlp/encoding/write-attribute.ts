import {
  copyAscii,
  FIXED64,
  LENGTH_DELIMITED,
  type ProtobufWriter,
  SHORT,
  tagOf,
  VARINT,
} from './protobuf-writer.js';

/**
 * Writes a `KeyValue` as a field of the current message. A value of a type that OTLP does not know stays empty.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
 */
export function writeAttribute(out: ProtobufWriter, field: number, key: string, value: unknown): void {
  if (typeof value === 'string' && writeText(out, field, key, value)) return;
  const pair = out.begin(field);
  out.string(1, key);
  writeValue(out, 2, value);
  out.end(pair);
}

const KEY = tagOf(1, LENGTH_DELIMITED);
const VALUE = tagOf(2, LENGTH_DELIMITED);
const STRING_VALUE = tagOf(1, LENGTH_DELIMITED);
/** The bytes around a short text: a tag and a length each for the key, the `AnyValue` and its string. */
const OVERHEAD = 6;

/** Nearly all attributes are short texts. Their lengths are known in advance, which saves half the time. */
function writeText(out: ProtobufWriter, field: number, key: string, value: string): boolean {
  const size = key.length + value.length + OVERHEAD;
  if (size >= SHORT) return false;
  const start = out.reserve(size + 2);
  const { bytes } = out;
  const keyAt = start + 4;
  const valueAt = keyAt + key.length + 4;
  if (!copyAscii(key, bytes, keyAt) || !copyAscii(value, bytes, valueAt)) return false;
  bytes[start] = tagOf(field, LENGTH_DELIMITED);
  bytes[start + 1] = size;
  bytes[start + 2] = KEY;
  bytes[start + 3] = key.length;
  bytes[valueAt - 4] = VALUE;
  bytes[valueAt - 3] = value.length + 2;
  bytes[valueAt - 2] = STRING_VALUE;
  bytes[valueAt - 1] = value.length;
  out.skip(size + 2);
  return true;
}

function writeValue(out: ProtobufWriter, field: number, value: unknown): void {
  const any = out.begin(field);
  if (typeof value === 'string') {
    out.string(1, value);
  } else if (typeof value === 'boolean') {
    out.tag(2, VARINT);
    out.varint(value ? 1 : 0);
  } else if (Number.isInteger(value)) {
    out.tag(3, VARINT);
    out.varint(value as number);
  } else if (typeof value === 'number') {
    out.tag(4, FIXED64);
    out.double(value);
  } else if (Array.isArray(value)) {
    const array = out.begin(5);
    for (const each of value) writeValue(out, 1, each);
    out.end(array);
  }
  out.end(any);
}

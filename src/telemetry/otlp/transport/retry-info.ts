import { LENGTH_DELIMITED, VARINT } from '../encoding/protobuf-writer.js';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';
/** The longest `google.protobuf.Duration`. A negative one, whose two's complement is read here, is beyond it. */
const MAX_SECONDS = 315_576_000_000;

/**
 * The delay in milliseconds that a gRPC server requests: `google.rpc.RetryInfo` inside the `google.rpc.Status` of
 * the trailer `grpc-status-details-bin` (base64). `undefined` if there is none or it cannot be read.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-throttling
 */
export function retryDelayMs(details: string | undefined): number | undefined {
  if (details === undefined) return undefined;
  try {
    for (const [field, detail] of fields(Buffer.from(details, 'base64'))) {
      if (field !== 3 || typeof detail === 'number') continue;
      const { 1: type, 2: value } = Object.fromEntries(fields(detail));
      if (String(type) === RETRY_INFO) return durationMs(value);
    }
  } catch {
    // The details are malformed, so the retry follows our own backoff.
  }
  return undefined;
}

function durationMs(retryInfo: number | Buffer | undefined): number | undefined {
  const { 1: duration } = Object.fromEntries(fields(retryInfo as Buffer));
  const { 1: seconds = 0, 2: nanos = 0 } = Object.fromEntries(fields(duration as Buffer));
  if (typeof seconds !== 'number' || typeof nanos !== 'number' || seconds > MAX_SECONDS) return undefined;
  return seconds * 1000 + nanos / 1e6;
}

/** The fields of a protobuf message with only varints and length-delimited fields. Throws on other wire types. */
function* fields(message: Buffer): Generator<[number, number | Buffer]> {
  let position = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(position++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (position < message.length) {
    const tag = varint();
    const number = varint();
    if ((tag & 7) === VARINT) {
      yield [tag >>> 3, number];
    } else if ((tag & 7) === LENGTH_DELIMITED) {
      position += number;
      yield [tag >>> 3, message.subarray(position - number, position)];
    } else {
      throw new RangeError('not a status message');
    }
  }
}

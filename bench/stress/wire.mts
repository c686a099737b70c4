/** Just enough of the protobuf wire format to look into OTLP requests. */

export interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Of a varint. */
  readonly value: number;
}

const NONE = new Uint8Array();

export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === 0) {
      yield { number, bytes: NONE, value: varint() };
      continue;
    }
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : varint();
    at += length;
    yield { number, bytes: message.subarray(at - length, at), value: 0 };
  }
}

/** The messages at a path of fields. */
export function messagesAt(message: Uint8Array, [field, ...below]: readonly number[]): Uint8Array[] {
  if (field === undefined) return [message];
  return [...fieldsOf(message)]
    .filter(({ number }) => number === field)
    .flatMap(({ bytes }) => messagesAt(bytes, below));
}

/** A reader of the protobuf wire format, independent of the encoder under test. Supports only what the tests need. */
export type Wire = bigint | Buffer;

/** The values of each field of a message, by number: varints and fixed numbers as bigint, everything else as bytes. */
function readMessage(message: Buffer): Map<number, Wire[]> {
  const fields = new Map<number, Wire[]>();
  let position = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(position++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number): Buffer => {
    if (position + length > message.length)
      throw new RangeError(`field of ${length} bytes ends outside its message`);
    position += length;
    return message.subarray(position - length, position);
  };
  const value = (wireType: number): Wire => {
    if (wireType === 0) return varint();
    if (wireType === 1) return bytes(8).readBigUInt64LE();
    if (wireType === 2) return bytes(Number(varint()));
    if (wireType === 5) return BigInt(bytes(4).readUInt32LE());
    throw new RangeError(`wire type ${wireType}`);
  };
  while (position < message.length) {
    const tag = Number(varint());
    const values = fields.get(tag >> 3) ?? [];
    values.push(value(tag & 7));
    fields.set(tag >> 3, values);
  }
  return fields;
}

/** A message with typed access to its fields by number. Absent fields have the default of protobuf. */
export class Message {
  readonly #fields: Map<number, Wire[]>;

  constructor(bytes: Wire = Buffer.alloc(0)) {
    this.#fields = readMessage(bytes as Buffer);
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  all(field: number): Wire[] {
    return this.#fields.get(field) ?? [];
  }

  messages(field: number): Message[] {
    return this.all(field).map((bytes) => new Message(bytes));
  }

  message(field: number): Message {
    return new Message(this.all(field).at(-1));
  }

  text(field: number): string {
    return (this.all(field).at(-1) ?? '').toString();
  }

  hex(field: number): string {
    return ((this.all(field).at(-1) ?? Buffer.alloc(0)) as Buffer).toString('hex');
  }

  uint(field: number): bigint {
    return (this.all(field).at(-1) ?? 0n) as bigint;
  }

  int(field: number): number {
    return Number(BigInt.asIntN(64, this.uint(field)));
  }

  double(field: number): number {
    return toDouble(this.uint(field));
  }

  /** A repeated fixed64, packed (as proto3 writes it) or not packed. */
  packedFixed64(field: number): bigint[] {
    return this.all(field).flatMap((value) =>
      typeof value === 'bigint'
        ? [value]
        : Array.from({ length: value.length / 8 }, (_, i) => value.readBigUInt64LE(i * 8)),
    );
  }
}

export function toDouble(bits: bigint): number {
  return new Float64Array(new BigUint64Array([bits]).buffer)[0] as number;
}

/** Encodes a message: numbers as varints, strings and bytes unchanged. */
export function writeMessage(fields: Record<number, number | string | Buffer>): Buffer {
  const parts: Buffer[] = [];
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value === 'number') {
      parts.push(writeVarint(Number(field) << 3), writeVarint(value));
    } else {
      const bytes = Buffer.from(value as Buffer);
      parts.push(writeVarint((Number(field) << 3) | 2), writeVarint(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}

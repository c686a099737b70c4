/** The wire types: a part of a field's tag that says how its bytes are encoded. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** The tag that a field begins with: its number and its wire type. */
export function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}

/** A varint below this takes one byte. An ASCII character code is below it too. */
export const SHORT = 0x80;
const MAX_VARINT_BYTES = 10;

/**
 * Writes protobuf messages into one buffer, which grows when needed. A nested message is written between `begin` and
 * `end`. It exists because it encodes the span of every call, for which the SDK's serializer takes fifteen times as
 * long (docs/decisions.md).
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacityBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** Starts over in the same buffer. */
  clear(): void {
    this.#length = 0;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  tag(field: number, wireType: number): void {
    this.varint(tagOf(field, wireType));
  }

  /** An integer; a negative one takes ten bytes. */
  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES);
    if (value >= 0 && value < SHORT) {
      this.#bytes[this.#length] = value;
      this.#length += 1;
      return;
    }
    if (value >= 0 && value <= 0x7fffffff) {
      let rest = value;
      for (; rest >= SHORT; rest >>= 7) this.#byte((rest & 0x7f) | 0x80);
      this.#byte(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= SHORT; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
      this.#byte(Number(rest));
    }
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value >>> 0, this.#length);
  }

  double(value: number): void {
    this.reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  string(field: number, text: string): void {
    this.tag(field, LENGTH_DELIMITED);
    const at = this.reserve(text.length + 1);
    if (text.length < SHORT && copyAscii(text, this.#bytes, at + 1)) {
      this.#bytes[at] = text.length;
      this.#length = at + 1 + text.length;
      return;
    }
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.#length += this.#bytes.write(text, this.reserve(size));
  }

  /** A bytes field. `hex` is its value in lower-case hex. */
  hex(field: number, hex: string): void {
    const size = hex.length / 2;
    this.tag(field, LENGTH_DELIMITED);
    this.varint(size);
    copyHex(hex, this.#bytes, this.reserve(size));
    this.#length += size;
  }

  /** Appends fields that are already encoded. */
  copy(fields: Uint8Array): void {
    this.#bytes.set(fields, this.reserve(fields.length));
    this.#length += fields.length;
  }

  /**
   * Begins a nested message. Pass the result to its `end`. `lengthBytes` bytes are reserved for the length; if it needs
   * more, the message is moved once.
   */
  begin(field: number, lengthBytes = 1): number {
    this.tag(field, LENGTH_DELIMITED);
    this.reserve(lengthBytes);
    this.#length += lengthBytes;
    return this.#length;
  }

  /** Ends a nested message. `lengthBytes` must be the same as in its `begin`. */
  end(start: number, lengthBytes = 1): void {
    const size = this.#length - start;
    const needed = size < SHORT ? 1 : size < SHORT ** 2 ? 2 : size < SHORT ** 3 ? 3 : 4;
    if (needed <= lengthBytes) {
      this.#writeLength(start - lengthBytes, size, lengthBytes);
      return;
    }
    const more = needed - lengthBytes;
    this.reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    this.#length += more;
    this.#writeLength(start - lengthBytes, size, needed);
  }

  /** Writes `size` as a varint of exactly `bytes` bytes, padded with zero groups. */
  #writeLength(at: number, size: number, bytes: number): void {
    let rest = size;
    for (let i = 0; i < bytes - 1; i += 1, rest >>= 7) this.#bytes[at + i] = (rest & 0x7f) | 0x80;
    this.#bytes[at + bytes - 1] = rest;
  }

  #byte(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Makes room for `size` bytes and returns their offset in `bytes`. The caller writes them and then calls `skip`. */
  reserve(size: number): number {
    if (this.#length + size > this.#bytes.length) this.#grow(size);
    return this.#length;
  }

  skip(size: number): void {
    this.#length += size;
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + size));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** An id is so short that a call of the native `write` would take longer than this loop. */
function copyHex(hex: string, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < hex.length; i += 2)
    bytes[at + i / 2] = digit(hex.charCodeAt(i)) * 16 + digit(hex.charCodeAt(i + 1));
}

/** The value of a hex digit from its character code: `0` to `9` start at 48, `a` to `f` at 97. */
function digit(code: number): number {
  return (code & 0xf) + (code >> 6) * 9;
}

/** Copies ASCII text, the fastest way for a short one. Returns false if `text` is not ASCII; few texts are not. */
export function copyAscii(text: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= SHORT) return false;
    bytes[at + i] = code;
  }
  return true;
}

const HEADER_LENGTH = 5;

/**
 * Counts the complete messages in one direction of a gRPC stream. A message is one byte of flags, four bytes of length
 * and the content. The chunks of the stream may begin and end anywhere.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export class MessageCounter {
  count = 0;
  #headerBytes = 0;
  #length = 0;
  #missing = 0;

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#headerBytes < HEADER_LENGTH) {
        this.#readHeader(chunk[at] as number);
        at += 1;
      } else {
        const taken = Math.min(this.#missing, chunk.length - at);
        this.#missing -= taken;
        at += taken;
      }
      if (this.#headerBytes === HEADER_LENGTH && this.#missing === 0) {
        this.count += 1;
        this.#headerBytes = 0;
      }
    }
  }

  #readHeader(byte: number): void {
    this.#headerBytes += 1;
    this.#length = this.#headerBytes === 1 ? 0 : this.#length * 256 + byte;
    if (this.#headerBytes === HEADER_LENGTH) this.#missing = this.#length;
  }
}

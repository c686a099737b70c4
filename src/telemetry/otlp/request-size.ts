/** The limit of many proxies is 1 MiB, for HTTP as for gRPC; that of gRPC servers is 4 MiB. */
const PREFERRED_BYTES = 1_000_000;
/** A receiver that calls even this too large means something else, so the limit does not follow it any further. */
const SMALLEST_BYTES = 64 * 1024;
/** What of a refused size is tried next: a half, and a little more, because two halves are never of quite the same size. */
const NEXT_SIZE = 0.55;
/** How many requests it takes at most to grow back after a timeout. */
const STEPS = 64;

/** How large the next request may be, as far as the receiver has shown: what it refuses and what it is too slow for. */
export class RequestSize {
  readonly #most: number;
  #items: number;
  #bytes = PREFERRED_BYTES;
  /** The smallest request that was too large. */
  #tooLarge = Number.POSITIVE_INFINITY;

  /** `most` is the number of items, spans or points, in a request at best. */
  constructor(most: number) {
    this.#most = most;
    this.#items = most;
  }

  /** How many items the next request may have. */
  get items(): number {
    return this.#items;
  }

  /** How many bytes the next request may have. A single item may have more. */
  get bytes(): number {
    return this.#bytes;
  }

  accepted(bytes: number): void {
    this.#items = Math.min(this.#most, this.#items + Math.ceil(this.#most / STEPS));
    // Learnt only when a smaller one passes: a receiver that refuses all has another reason.
    if (bytes < this.#tooLarge)
      this.#bytes = Math.min(this.#bytes, Math.max(SMALLEST_BYTES, bytes, this.#tooLarge * NEXT_SIZE));
  }

  tooLarge(bytes: number): void {
    this.#tooLarge = Math.min(this.#tooLarge, bytes);
  }

  /** A request of `items` got no answer in time. */
  timedOut(items: number): void {
    this.#items = Math.max(1, Math.ceil(Math.min(this.#items, items) / 2));
  }
}

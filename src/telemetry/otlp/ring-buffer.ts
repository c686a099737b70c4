/** A first-in, first-out buffer that never grows beyond its capacity. */
export class RingBuffer<T> {
  readonly #slots: (T | undefined)[];
  #first = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#slots = new Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The ring must not be full. */
  push(item: T): void {
    this.#slots[(this.#first + this.#size) % this.#slots.length] = item;
    this.#size += 1;
  }

  /** Returns the oldest items, at most `count`, without removing them. */
  oldest(count: number): T[] {
    const items: T[] = [];
    for (let i = 0; i < Math.min(count, this.#size); i += 1) {
      items.push(this.#slots[(this.#first + i) % this.#slots.length] as T);
    }
    return items;
  }

  /** Removes the oldest `count` items. The ring must hold at least that many. */
  drop(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.#slots[this.#first] = undefined;
      this.#first = (this.#first + 1) % this.#slots.length;
    }
    this.#size -= count;
  }
}

/** Something that stands in an `OpenCalls`, and knows where; elsewhere its `index` is `NOT_OPEN`. */
export interface Indexed {
  index: number;
}

export const NOT_OPEN = -1;

/** The calls that have begun and not ended, in no order. Each knows its index: a Set would have to search for it. */
export class OpenCalls<T extends Indexed> {
  readonly #calls: T[] = [];

  add(call: T): void {
    call.index = this.#calls.length;
    this.#calls.push(call);
  }

  /** Returns false when the call was not open. */
  delete(call: T): boolean {
    const { index } = call;
    if (index === NOT_OPEN) return false;
    const last = this.#calls.pop() as T;
    if (last !== call) {
      this.#calls[index] = last;
      last.index = index;
    }
    call.index = NOT_OPEN;
    return true;
  }

  all(): T[] {
    return [...this.#calls];
  }
}

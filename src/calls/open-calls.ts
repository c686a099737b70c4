/** An entry of `OpenCalls` that knows its position there. `index` is `NOT_OPEN` while it is not in the list. */
export interface Indexed {
  index: number;
}

export const NOT_OPEN = -1;

/** The calls that have begun but not ended, in no order. Each knows its index, so deleting it needs no search. */
export class OpenCalls<T extends Indexed> {
  readonly #calls: T[] = [];

  add(call: T): void {
    call.index = this.#calls.length;
    this.#calls.push(call);
  }

  /** Returns false if the call was not open. */
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

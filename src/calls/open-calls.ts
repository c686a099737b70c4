/** Something that stands in an `OpenCalls`, and knows where; elsewhere its `place` is `NOWHERE`. */
export interface Placed {
  place: number;
}

export const NOWHERE = -1;

/** The calls that have begun and not ended, in no order. Each knows its place: a Set would have to search for it. */
export class OpenCalls<T extends Placed> {
  readonly #calls: T[] = [];

  add(call: T): void {
    call.place = this.#calls.length;
    this.#calls.push(call);
  }

  /** Returns false when the call was not open. */
  delete(call: T): boolean {
    const { place } = call;
    if (place === NOWHERE) return false;
    const last = this.#calls.pop() as T;
    if (last !== call) {
      this.#calls[place] = last;
      last.place = place;
    }
    call.place = NOWHERE;
    return true;
  }

  all(): T[] {
    return [...this.#calls];
  }
}

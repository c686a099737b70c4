/** A field on objects that others have made: `undefined` where it was never set, as on what is no object. */
export interface PrivateField<T> {
  get(owner: unknown): T | undefined;
  set(owner: object, value: T): void;
  /** Lets go of the value, where the object outlives the need for it. */
  clear(owner: object): void;
}

/** A constructor that returns an object gives the fields of its subclass to that object. */
class Returned {
  constructor(owner: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is how JavaScript adds a private field to an object.
    return owner;
  }
}

/**
 * A private field on foreign objects. Nobody else can see it, as with a WeakMap, and it costs no more than a property:
 * a WeakMap takes some 400 ns for each object that it outlives, and half of that again for the collector.
 */
export function privateField<T>(): PrivateField<T> {
  class Field extends Returned {
    #value: T | undefined;

    constructor(owner: object, value: T) {
      super(owner);
      this.#value = value;
    }

    static get(owner: unknown): T | undefined {
      return typeof owner === 'object' && owner !== null && #value in owner ? owner.#value : undefined;
    }

    static set(owner: object, value: T): void {
      if (#value in owner) owner.#value = value;
      else new Field(owner, value);
    }

    static clear(owner: object): void {
      if (#value in owner) owner.#value = undefined;
    }
  }
  return Field;
}

import { EventEmitter } from 'node:events';
import { patch } from './patch.js';

type Look = (prototype: object) => void;
type Init = (this: object, ...args: unknown[]) => void;

let looks: readonly Look[] = [];
let seen = new WeakSet<object>();
let unpatch: (() => void) | undefined;

/**
 * Calls `look` with the prototype of each class of emitters when its first object is created, before anything can be done
 * with it. This finds classes that nobody exports, and those of bundled libraries: the constructor of every emitter runs
 * `EventEmitter.init`. Returns a function that stops it.
 */
export function lookAtNewEmitters(look: Look): () => void {
  looks = looks.concat(look);
  seen = new WeakSet();
  unpatch ??= patch<Init>(
    EventEmitter,
    'init',
    (init) =>
      function (...args) {
        init.apply(this, args);
        const prototype = prototypeOf(this);
        if (prototype === null || seen.has(prototype)) return;
        seen.add(prototype);
        // Not iterated: an application may have changed how arrays are.
        looks.forEach((each) => {
          each(prototype);
        });
      },
  );
  return () => {
    looks = looks.filter((each) => each !== look);
    if (looks.length > 0) return;
    unpatch?.();
    unpatch = undefined;
  };
}

/** An application may make an emitter of a proxy. */
function prototypeOf(emitter: object): object | null {
  try {
    return Object.getPrototypeOf(emitter);
  } catch {
    return null;
  }
}

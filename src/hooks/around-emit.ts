import type { EventEmitter } from 'node:events';
import { patch } from './patch.js';

type Emit = (this: EventEmitter, ...args: unknown[]) => boolean;

/**
 * Puts `advice` around the `emit` of a prototype, in place. The `emit` that it is given is the inherited one as it is
 * at that moment, because others patch it too, and later: node:domain does.
 */
export function aroundEmit(
  prototype: { emit: Emit },
  advice: (emitter: EventEmitter, args: unknown[], emit: Emit) => boolean,
): void {
  const { emit } = prototype;
  const parent = Object.hasOwn(prototype, 'emit') ? { emit } : Object.getPrototypeOf(prototype);
  patch<Emit>(
    prototype,
    'emit',
    () =>
      function (...args) {
        return advice(this, args, parent.emit);
      },
  );
}

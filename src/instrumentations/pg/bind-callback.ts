import type { Calls } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Binds a callback to the context in which it is passed. Pools and cursors call back from wherever something has ended. */
export function bindCallback(prototype: object, name: string, index: number, calls: Calls): void {
  patch<Method>(
    prototype,
    name,
    (method) =>
      function (...args) {
        const callback = args[index];
        if (typeof callback === 'function') args[index] = calls.bind(callback as Method);
        return method.apply(this, args);
      },
  );
}

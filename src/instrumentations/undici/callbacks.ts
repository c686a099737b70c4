import type { Calls } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';

type Callback = (this: object, ...args: unknown[]) => unknown;

/** In undici 6 and 7, and in undici 8. After these a handler may make the request again. */
const CALLBACKS = [
  'onHeaders',
  'onComplete',
  'onError',
  'onResponseStart',
  'onResponseEnd',
  'onResponseError',
] as const;

/** The prototypes of the copies of undici: the one inside Node and those of the application. */
const patched = new WeakSet<object>();
let latest: unknown;

/**
 * undici calls back from its socket, which has the context of whatever request opened it. A handler that follows a
 * redirect or tries again makes the next request there. From here on the callbacks of a request run in the context
 * around its call.
 */
export function runCallbacksOutside(request: object, calls: Calls): void {
  const prototype = Object.getPrototypeOf(request);
  if (prototype === latest) return;
  latest = prototype;
  if (patched.has(prototype)) return;
  patched.add(prototype);
  for (const name of CALLBACKS) {
    if (!Object.hasOwn(prototype, name)) continue;
    patch<Callback>(
      prototype,
      name,
      (callback) =>
        function (...args) {
          const call = calls.of(this);
          return call === undefined ? callback.apply(this, args) : call.runOutside(callback, this, ...args);
        },
    );
  }
}

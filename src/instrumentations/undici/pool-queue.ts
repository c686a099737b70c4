import type { Calls, Guard } from '../../instrumentation.js';
import { lookAtNewEmitters } from '../../patching/new-emitters.js';
import { patch } from '../../patching/patch.js';
import { privateField } from '../../patching/private-field.js';

type Dispatch = (this: unknown, options: unknown, handler: object) => boolean;
type Resume = (dispatcher: unknown) => boolean;

/** The handlers of requests that wait in a pool, and how each goes on in the context of its caller. */
const waiting = privateField<Resume>();
/** The handler that a pool has received last, until it passes it on. */
let received: unknown;

/**
 * A pool whose connections are all busy keeps a request, and makes it only when a connection is free: in the context of
 * an earlier request. From here on it is made in the context in which the application called. undici 8.12 does so too.
 * Pools are found when the first one is created, in every copy of undici: bundled ones, and the one inside Node.
 */
export function keepCallersInQueues(calls: Calls, guard: Guard): void {
  const patched = new WeakSet<object>();
  lookAtNewEmitters(
    guard((prototype: object) => {
      if (!('dispatch' in prototype)) return;
      for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
        const ownDispatch = dispatchOfPool(at);
        if (ownDispatch === undefined || patched.has(at)) continue;
        patched.add(at);
        keepCallerInQueue(at, ownDispatch, calls);
      }
    }),
  );
}

/** The key of the method by which the class that all pools extend passes a request on. Its names survive minification. */
function dispatchOfPool(prototype: object): symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(prototype);
  const named = (name: string) => symbols.find(({ description }) => description === name);
  return named('add client') === undefined ? undefined : named('dispatch');
}

/** `prototype` is that of the class that all pools extend. It extends the class of all dispatchers. */
function keepCallerInQueue(prototype: object, ownDispatch: symbol, calls: Calls): void {
  const dispatcher = Object.getPrototypeOf(prototype) as { readonly dispatch: Dispatch };
  if (!Object.hasOwn(dispatcher, 'dispatch')) return;
  patch<Dispatch>(
    prototype,
    ownDispatch,
    (dispatch) =>
      function (options, handler) {
        received = handler;
        const isFree = dispatch.call(this, options, handler);
        if (received === handler) {
          const { dispatch: again } = dispatcher;
          waiting.set(
            handler,
            calls.bind((free) => again.call(free, options, handler)),
          );
        }
        received = undefined;
        return isFree;
      },
  );
  patch<Dispatch>(
    dispatcher,
    'dispatch',
    (dispatch) =>
      function (options, handler) {
        received = undefined;
        const resume = waiting.get(handler);
        if (resume === undefined) return dispatch.call(this, options, handler);
        waiting.clear(handler);
        return resume(this);
      },
  );
}

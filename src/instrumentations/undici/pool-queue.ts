import type { Calls } from '../../instrumentation.js';
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
 *
 * @param prototype of the class that all pools extend. It extends the class of all dispatchers.
 */
export function keepCallerInQueue(prototype: object, calls: Calls): void {
  const dispatcher = Object.getPrototypeOf(prototype) as { readonly dispatch: Dispatch };
  const ownDispatch = Object.getOwnPropertySymbols(prototype).find(
    ({ description }) => description === 'dispatch',
  );
  if (ownDispatch === undefined || !Object.hasOwn(dispatcher, 'dispatch')) return;

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

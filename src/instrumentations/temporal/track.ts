import type { Call, Guard, Outcome } from '../../instrumentation.js';
import { COMPLETED, outcomeOf } from './outcome.js';

/** Runs `fn` inside its call, which ends when the promise settles. Returns the promise of `fn` itself. */
export function track<A extends unknown[], R>(
  call: Call | undefined,
  guard: Guard,
  fn: (this: unknown, ...args: A) => Promise<R>,
  thisArg: unknown,
  args: A,
  outcome: (error: unknown) => Outcome = outcomeOf,
): Promise<R> {
  if (call === undefined) return fn.apply(thisArg, args);
  const promise = call.run(fn as (...args: A) => Promise<R>, thisArg, ...args);
  const complete = guard(() => call.end(COMPLETED));
  const fail = guard((error: unknown) => call.end(outcome(error)));
  promise?.then?.(complete, fail);
  return promise;
}

/** Does the same for an async iterator: the call lasts from the first step to the last. */
export function trackIterator<T>(
  iterator: AsyncIterableIterator<T>,
  open: () => Call | undefined,
  guard: Guard,
): AsyncIterableIterator<T> {
  const { next } = iterator;
  let call: Call | undefined;
  let started = false;
  const end = guard((outcome: Outcome) => call?.end(outcome));
  const step = (): Promise<IteratorResult<T>> => next.call(iterator);
  iterator.next = () => {
    if (!started) call = open();
    started = true;
    const result = call === undefined ? step() : call.run(step);
    result.then(
      ({ done }) => done && end(COMPLETED),
      (error) => end(outcomeOf(error)),
    );
    return result;
  };
  const { return: returnEarly } = iterator;
  if (returnEarly !== undefined)
    iterator.return = (value) => {
      end(COMPLETED);
      return returnEarly.call(iterator, value);
    };
  return iterator;
}

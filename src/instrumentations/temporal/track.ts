import type { Call, Guard, Outcome } from '../../instrumentation.js';
import { COMPLETED, outcomeOf } from './outcome.js';

/** Runs what gives a promise inside its call, which ends with the promise. The promise stays the one that it was. */
export function track<A extends unknown[], R>(
  call: Call | undefined,
  guard: Guard,
  fn: (this: unknown, ...args: A) => Promise<R>,
  self: unknown,
  ...args: A
): Promise<R> {
  if (call === undefined) return fn.apply(self, args);
  const promise = call.run(fn as (...args: A) => Promise<R>, self, ...args);
  const complete = guard(() => call.end(COMPLETED));
  const fail = guard((error: unknown) => call.end(outcomeOf(error)));
  promise?.then?.(complete, fail);
  return promise;
}

/** The same for an async iterator: the call lasts from the first step to the last. */
export function trackIterator<T>(
  iterator: AsyncIterableIterator<T>,
  open: () => Call | undefined,
  guard: Guard,
): AsyncIterableIterator<T> {
  const { next } = iterator;
  let call: Call | undefined;
  let begun = false;
  const end = guard((outcome: Outcome) => call?.end(outcome));
  const step = (): Promise<IteratorResult<T>> => next.call(iterator);
  iterator.next = () => {
    if (!begun) call = open();
    begun = true;
    const result = call === undefined ? step() : call.run(step);
    result.then(
      ({ done }) => done && end(COMPLETED),
      (error) => end(outcomeOf(error)),
    );
    return result;
  };
  const { return: stop } = iterator;
  if (stop !== undefined)
    iterator.return = (value) => {
      end(COMPLETED);
      return stop.call(iterator, value);
    };
  return iterator;
}

import type { Call } from '../../instrumentation.js';

/** Runs an operation without an answer inside its call, which ends when that returns or throws. */
export function runToEnd<T, A extends unknown[], R>(
  call: Call,
  operation: (this: T, ...args: A) => R,
  channel: T,
  args: A,
): R {
  try {
    const result = call.run(operation as (...args: A) => R, channel, ...args);
    call.end({});
    return result;
  } catch (error) {
    call.end({ error });
    throw error;
  }
}

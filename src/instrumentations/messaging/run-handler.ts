import type { Call, Outcome } from '../../instrumentation.js';
import { whenSettled } from '../../patching/when-settled.js';

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Runs what the application does with a message inside its call, which ends when that has ended. `outcomeOf`, which must not
 * throw, judges an error. Returns and throws what the handler does.
 */
export function runHandler(
  call: Call | undefined,
  outcomeOf: (error: unknown) => Outcome,
  handler: Handler,
  thisArg: unknown,
  args: unknown[],
): unknown {
  if (call === undefined) return handler.apply(thisArg, args);
  let result: unknown;
  try {
    result = call.run(handler as (...args: unknown[]) => unknown, thisArg, ...args);
  } catch (error) {
    call.end(outcomeOf(error));
    throw error;
  }
  if (!(result instanceof Promise)) {
    call.end({});
    return result;
  }
  return whenSettled(
    result,
    () => call.end({}),
    (error) => call.end(outcomeOf(error)),
  );
}

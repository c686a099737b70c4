import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets the application have its turn in the middle of long work. It is a timer, because an immediate that does not keep
 * the process alive would not run in time either.
 */
export function turn(): Promise<void> {
  return delay(1, undefined, { ref: false });
}

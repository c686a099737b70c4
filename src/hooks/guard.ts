import type { Guard } from '../instrumentation.js';
import { log, reason } from '../log.js';

/** The single guard of an instrumentation: its first fault is one line on stderr, then all of it goes quiet. */
export function createGuard(name: string): Guard {
  let faulty = false;
  return (fn) =>
    (...args) => {
      if (faulty) return undefined;
      try {
        return fn(...args);
      } catch (error) {
        faulty = true;
        log.error(
          `${name}: ${reason(error)}; this instrumentation is off from now on, the application is not affected`,
        );
        return undefined;
      }
    };
}

import type { Guard } from '../instrumentation.js';
import { log, reason } from '../log.js';

/** Creates the guard of an instrumentation. Its first fault is logged in one line and turns the instrumentation off. */
export function createGuard(name: string): Guard {
  let faulty = false;
  return (fn) =>
    (...args) => {
      if (faulty) return undefined;
      try {
        return Reflect.apply(fn, undefined, args);
      } catch (error) {
        faulty = true;
        log.error(
          `${name}: ${reason(error)}; this instrumentation is off from now on, the application is not affected`,
        );
        return undefined;
      }
    };
}

import { log, reason } from '../log.js';

/**
 * Creates something when it is first needed. If that fails, one line says so, and there is nothing from then on: it is
 * needed inside calls of the application, which must not see the fault.
 */
export function lazily<T>(what: string, create: () => T): () => T | undefined {
  let isDone = false;
  let created: T | undefined;
  return () => {
    if (isDone) return created;
    isDone = true;
    try {
      created = create();
    } catch (error) {
      log.error(`${what} cannot be loaded: ${reason(error)}; the application is not affected`);
    }
    return created;
  };
}

import { unwatchFile, watchFile } from 'node:fs';
import { type Policy, readPolicy } from './policy.ts';

/** A policy whose file may change. */
export interface LivePolicy {
  readonly current: Policy;
  close(): void;
}

const INTERVAL_MS = 1_000;

/**
 * Reads a policy, and again when its file has changed. `changed` is told of each new one. A file that is not valid leaves the
 * policy as it is and is one line of the log. At the start it throws.
 */
export function watchPolicy(file: string, changed: (isValid: boolean) => void): LivePolicy {
  let current = readPolicy(file);
  const reread = (): void => {
    try {
      current = readPolicy(file);
      changed(true);
      console.error(`${file}: the policy has changed`);
    } catch (error) {
      const why = (error as Error).message.split('\n', 1)[0];
      changed(false);
      console.error(`${file}: the policy stays as it was: ${why}`);
    }
  };
  watchFile(file, { persistent: false, interval: INTERVAL_MS }, reread);
  return {
    get current() {
      return current;
    },
    close: () => unwatchFile(file, reread),
  };
}

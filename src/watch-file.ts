import { AsyncLocalStorage } from 'node:async_hooks';
import { log, reason } from './log.js';

/** As it is at start: the application may put a file system of its own in its place. */
const { watchFile } = process.getBuiltinModule('node:fs');

/** Runs a function outside the application's request, whose async stores it would retain. */
const outsideRequests = AsyncLocalStorage.snapshot();

const INTERVAL_MS = 1_000;
/** An editor writes in several steps. */
const SETTLE_MS = 200;

/**
 * Runs what `open` returns soon, because the file may have changed before, and about a second after each change of what
 * the path leads to: by a write, a rename, or the swap of a symbolic link above it, as Kubernetes does it. Node asks for
 * its status in the background once a second. That works on every file system, where notifications do not, and does not
 * keep the process alive. Nothing is thrown: any call of the application may be the one that leads here.
 */
export function watchConfigFile(path: string, open: () => () => void): void {
  let check: (() => void) | undefined;
  let settling: NodeJS.Timeout | undefined;

  const later = (): void => {
    clearTimeout(settling);
    settling = setTimeout(safely, SETTLE_MS, () => {
      check ??= open();
      check();
    }).unref();
  };
  const safely = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      log.error(`${path}: its changes are not seen: ${reason(error)}`);
    }
  };

  outsideRequests(safely, () => {
    watchFile(path, { persistent: false, interval: INTERVAL_MS }, later);
    later();
  });
}

import type { Guard } from '../instrumentation.js';
import { log, reason, templateOf } from '../log.js';

/** The guard of one instrumentation. */
export interface InstrumentationGuard extends Guard {
  /** For what attaches. Half attached, an instrumentation would open Calls that nobody ends: a fault turns it off. */
  readonly attaching: Guard;
  /** Whether faults have turned the instrumentation off, for good or for a while. */
  readonly isOff: () => boolean;
}

const MAX_FAULTS = 10;
const WITHIN_MS = 60_000;
const FIRST_PAUSE_MS = 60_000;
/** Calls that are open when a pause begins may never end, so with a lasting fault pauses become rare. */
const LONGEST_PAUSE_MS = 60 * 60_000;

/**
 * Creates the guard of an instrumentation. Each kind of fault is logged in one line. After ten faults within a minute the
 * instrumentation is off for a minute, and every further time for twice as long, at most an hour.
 */
export function createGuard(name: string): InstrumentationGuard {
  let faults = 0;
  let firstAt = 0;
  let pause = FIRST_PAUSE_MS;
  let offUntil = 0;

  const isOff = (): boolean => performance.now() < offUntil;

  function isStillOff(): boolean {
    if (isOff()) return true;
    offUntil = 0;
    log.debug(`${name}: this instrumentation is on again`);
    return false;
  }

  function say(error: unknown, consequence: string): void {
    const line = `${name}: ${reason(error)}; ${consequence}`;
    log.error(line, templateOf(line));
  }

  function onFault(error: unknown): void {
    say(error, 'the application is not affected');
    const now = performance.now();
    if (now - firstAt > WITHIN_MS) faults = 0;
    if (faults === 0) firstAt = now;
    faults += 1;
    if (faults < MAX_FAULTS) return;
    faults = 0;
    offUntil = now + pause;
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    log.error(`${name}: ${MAX_FAULTS} faults within a minute; this instrumentation is off for a while`);
  }

  function onFaultWhileAttaching(error: unknown): void {
    offUntil = Infinity;
    say(error, 'this instrumentation is off from now on, the application is not affected');
  }

  const guardWith =
    (onError: (error: unknown) => void): Guard =>
    (fn) =>
    (...args) => {
      if (offUntil !== 0 && isStillOff()) return undefined;
      try {
        return Reflect.apply(fn, undefined, args);
      } catch (error) {
        onError(error);
        return undefined;
      }
    };

  return Object.assign(guardWith(onFault), { attaching: guardWith(onFaultWhileAttaching), isOff });
}

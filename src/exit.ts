import { constants } from 'node:os';
import { log, reason } from './log.js';
import { patch } from './patching/patch.js';
import { isWatched, SignalWatch } from './signal-watch.js';

/** The kernel ignores a signal without a handler for the first process of a container. */
const IS_INIT = process.pid === 1;

type Emit = (this: NodeJS.Process, ...args: unknown[]) => boolean;
type Kill = (this: NodeJS.Process, pid: number, signal?: string | number) => true;

export interface ExitOptions {
  /**
   * Runs once, when the process ends. It must be synchronous and bounded in time, because nothing runs after it. It
   * receives the uncaught error, if one ends the process.
   */
  flush(error?: unknown): void;
  /** Whether signals are watched. If not, a signal that the application does not handle loses the last telemetry. */
  readonly signals: boolean;
}

export interface ExitFlush {
  /** Call it as soon as there is something to lose. Until then signals are left to the kernel. */
  arm(): void;
}

/**
 * Flushes when the process ends. How it ends does not change: its exit code, its signal, its output, the listeners
 * that the application sees, and whether it ends at all. A signal that nobody handles ends the process only when the
 * event loop turns, because a process that is killed at once cannot flush.
 */
export function flushOnExit({ flush, signals }: ExitOptions): ExitFlush {
  const watch = new SignalWatch();
  let flushed = false;
  let fatal: unknown;
  const flushOnce = (): void => {
    if (flushed) return;
    flushed = true;
    try {
      flush(fatal);
    } catch (error) {
      log.error(`the last telemetry is lost: ${reason(error)}`);
    }
  };

  /** Flushes and restores the default action, so that the signal ends the process when it is raised next. */
  const giveWay = (signal: NodeJS.Signals): void => {
    flushOnce();
    watch.stop(signal);
  };

  const beforeEvent = (event: unknown, first: unknown, second: unknown): void => {
    if (event === 'exit') {
      if (isExiting()) flushOnce();
    } else if (event === 'uncaughtExceptionMonitor') {
      if (process.listenerCount('uncaughtException') === 0) fatal = first;
    } else if (signals && isWatched(event) && typeof second === 'number' && isFatal(event)) {
      giveWay(event);
      process.kill(process.pid, event);
    }
  };
  const prototype = Object.getPrototypeOf(process);
  const parent = Object.getPrototypeOf(prototype);
  // A preload may have wrapped it before, as Yarn Plug'n'Play does. Its wrapper does not come past the prototype again.
  const isWrapped = Object.hasOwn(process, 'emit');
  patch<Emit>(
    isWrapped ? process : prototype,
    'emit',
    (wrapper) =>
      function (...args) {
        beforeEvent(args[0], args[1], args[2]);
        const emit: Emit = isWrapped ? wrapper : parent.emit;
        const hadListeners = emit.apply(this, args);
        if (args[0] === 'removeListener' && isWatched(args[1])) watch.resume(args[1]);
        return hadListeners;
      },
  );

  // The default action takes effect before `process.kill` returns, so a flush after it would come too late.
  patch<Kill>(
    process,
    'kill',
    (kill) =>
      function (pid, signal = 'SIGTERM') {
        const name = nameOf(signal);
        if (isThisProcess(pid) && isWatched(name) && isFatal(name)) giveWay(name);
        return kill.call(this, pid, signal);
      },
  );

  return {
    arm() {
      if (signals) watch.start();
    },
  };
}

/** False for an `exit` event that the application emits by hand. */
function isExiting(): boolean {
  return (process as { _exiting?: boolean })._exiting !== false;
}

/** Whether the signal ends this process. If the application listens, it decides how to end, and `exit` flushes. */
function isFatal(signal: NodeJS.Signals): boolean {
  return !IS_INIT && process.listenerCount(signal) === 0;
}

/** Also by its process group. */
function isThisProcess(pid: unknown): boolean {
  return Number(pid) === 0 || Math.abs(Number(pid)) === process.pid;
}

function nameOf(signal: unknown): unknown {
  if (typeof signal === 'string') return signal;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
}

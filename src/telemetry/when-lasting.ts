import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const STARTED = 'child_process';
const DELAY_MS = 10_000;

/**
 * Returns a function that calls `callback` once this process has lasted for a while and runs no child process. Until then it
 * may be a tool that waits for the application, or that starts it: such a tool makes requests, but must not take the
 * metrics port. Children are watched from here on, because some tools (PM2) let go of theirs, after which nothing in Node
 * lists them.
 */
export function whenLasting(callback: () => void): () => void {
  let children: ChildProcess[] = [];
  const onStarted = (message: unknown): void => {
    children = children.filter(isRunning).concat((message as { process: ChildProcess }).process);
  };
  const check = (): void => {
    if (children.some(isRunning)) {
      later();
      return;
    }
    unsubscribe(STARTED, onStarted);
    callback();
  };
  const later = (): void => void setTimeout(check, DELAY_MS).unref();

  subscribe(STARTED, onStarted);
  return later;
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

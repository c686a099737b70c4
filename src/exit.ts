const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs `flush` once, when the process is about to end, without changing how it ends: its code, its signal, what it
 * prints and whether it ends at all stay as they would be. `flush` must be synchronous and bounded in time, for
 * there is no later; it is given the uncaught error, if that is what ends the process.
 */
export function flushOnExit(flush: (error?: unknown) => void): void {
  let flushed = false;
  let fatal: unknown;
  const flushOnce = (): void => {
    if (flushed) return;
    flushed = true;
    flush(fatal);
  };

  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') === 0) fatal = error;
  });
  process.on('exit', flushOnce);
  for (const signal of SIGNALS) flushOnSignal(signal, flushOnce);
}

/**
 * A signal kills at once unless somebody listens, so our listener has to do the killing when it is the only one.
 * When the application listens too, the end is its own affair, and ours is `exit`.
 */
function flushOnSignal(signal: NodeJS.Signals, flush: () => void): void {
  const onSignal = (): void => {
    const alone = process.listenerCount(signal) === 1;
    // Away while the application's listeners run: libraries such as signal-exit kill the process themselves, but
    // only when they find no listeners besides their own.
    process.off(signal, onSignal);
    if (alone) {
      flush();
      process.kill(process.pid, signal);
    } else {
      setImmediate(() => process.prependListener(signal, onSignal)).unref();
    }
  };
  // First, so that the listeners that remove themselves when called (`once`) are still to be seen.
  process.prependListener(signal, onSignal);
}

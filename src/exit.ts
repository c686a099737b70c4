const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs `flush` once, when the process is about to end. How it ends does not change: its exit code, its signal, its
 * output, and whether it ends at all. `flush` must be synchronous and bounded in time, because nothing runs after it.
 * It receives the uncaught error, if one ends the process.
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
 * A signal kills the process at once unless it has a listener. If ours is the only one, it must therefore kill the
 * process itself. If the application listens too, the application decides how to end, and `exit` flushes.
 */
function flushOnSignal(signal: NodeJS.Signals, flush: () => void): void {
  const onSignal = (): void => {
    const alone = process.listenerCount(signal) === 1;
    // Removed while the application's listeners run: libraries such as signal-exit kill the process themselves, but
    // only if they find no listeners besides their own.
    process.off(signal, onSignal);
    if (alone) {
      flush();
      process.kill(process.pid, signal);
    } else {
      setImmediate(() => process.prependListener(signal, onSignal)).unref();
    }
  };
  // Comes first, so that it still counts listeners that remove themselves when called (`once`).
  process.prependListener(signal, onSignal);
}

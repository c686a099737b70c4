const DELAY_MS = 10_000;

/**
 * Calls `callback` once this process has lasted for a while and runs no child process. Until then it may be a tool that
 * waits for the application, or that starts it: such a tool makes requests, but must not take the metrics port.
 */
export function whenLasting(callback: () => void): void {
  setTimeout(() => {
    if (hasChildProcess()) whenLasting(callback);
    else callback();
  }, DELAY_MS).unref();
}

function hasChildProcess(): boolean {
  return process.getActiveResourcesInfo().includes('ProcessWrap');
}

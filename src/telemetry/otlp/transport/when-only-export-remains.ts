const CHECK_INTERVAL_MS = 1_000;
/** Operations of the operating system that one of our connections may be waiting for. */
const PENDING = new Set(['GetAddrInfoReqWrap', 'ConnectWrap', 'WriteWrap', 'ShutdownWrap']);
/** Listed as active, although they do not keep the process alive if they are its stdout and stderr. */
const OUTPUT = new Set(['PipeWrap', 'TTYWrap']);

/**
 * Calls `giveUp` when only our own connects and writes seem to keep the process alive. Returns a function that stops
 * watching.
 *
 * libuv lets a pending connect or write keep the process alive, even on an unref'd socket, so a collector behind a
 * firewall that drops packets would delay the exit. An export that is given up here is not lost: the flush at exit, or
 * the next attempt, sends it again.
 */
export function whenOnlyExportRemains(giveUp: () => void): () => void {
  const check = (): void => {
    const active = process.getActiveResourcesInfo().filter((name) => !OUTPUT.has(name));
    if (active.length > 0 && active.every((name) => PENDING.has(name))) giveUp();
  };
  const timer = setInterval(check, CHECK_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}

const LOOK_EVERY_MS = 1_000;
/** Requests to the operating system that a connection of ours may be waiting for. */
const PENDING = new Set(['GetAddrInfoReqWrap', 'ConnectWrap', 'WriteWrap', 'ShutdownWrap']);
/** Listed although they do not keep the process alive when they are its stdout and stderr. */
const OUTPUT = new Set(['PipeWrap', 'TTYWrap']);

/**
 * Calls `giveUp` when nothing but a connect or write of ours seems to keep the process alive; returns how to stop
 * watching.
 *
 * libuv counts a pending connect or write as a reason to live, even on an unref'd socket. A collector behind a silent
 * firewall would so hold back the end of the process. An export that is given up here is not lost: the exit, or the
 * next attempt, sends it again.
 */
export function whenAlone(giveUp: () => void): () => void {
  const look = (): void => {
    const reasonsToLive = process.getActiveResourcesInfo().filter((name) => !OUTPUT.has(name));
    if (reasonsToLive.length > 0 && reasonsToLive.every((name) => PENDING.has(name))) giveUp();
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

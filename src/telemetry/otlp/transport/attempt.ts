import { describeError } from './describe-error.js';
import { type ExportResponse, unanswered } from './export-response.js';
import { whenOnlyExportRemains } from './when-only-export-remains.js';

/** An answer takes a few milliseconds. Exiting without it would send, and count, the same data twice. */
const HOLD_MS = 500;

/** An attempt that has begun. */
export interface Attempt {
  /** Whether there is a connection, so that the receiver may have seen the request. */
  isSent(): boolean;
  abort(): void;
}

/**
 * Runs one attempt, which ends when `begin` settles it, at the deadline, or when the process has nothing else left to
 * do. It keeps the process alive for `HOLD_MS` at most.
 */
export function attempt(
  timeoutMs: number,
  begin: (settle: (result: ExportResponse) => void) => Attempt,
): Promise<ExportResponse> {
  return new Promise((resolve) => {
    let begun: Attempt | undefined;
    const settle = (result: ExportResponse) => {
      clearTimeout(hold);
      clearTimeout(deadline);
      stopWatching();
      resolve(result);
    };
    const giveUp = (reason: string) => {
      settle(unanswered(reason, begun?.isSent() ?? false));
      begun?.abort();
    };
    const hold = setTimeout(() => {}, HOLD_MS);
    const deadline = setTimeout(() => giveUp(`no answer in ${timeoutMs} ms`), timeoutMs).unref();
    const stopWatching = whenOnlyExportRemains(() => giveUp('no connection'));
    try {
      begun = begin(settle);
    } catch (error) {
      settle(unanswered(describeError(error), false));
    }
  });
}

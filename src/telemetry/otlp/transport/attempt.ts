import { describeError } from './describe-error.js';
import { type ExportResponse, unreachable } from './export-response.js';
import { whenOnlyExportRemains } from './when-only-export-remains.js';

/** An answer takes a few milliseconds. Exiting without it would send, and count, the same data twice. */
const HOLD_MS = 500;

/**
 * Runs one attempt, which ends when `begin` settles it, at the deadline, or when the process has nothing else left to
 * do. It keeps the process alive for `HOLD_MS` at most.
 *
 * @param begin starts the attempt and returns a function that aborts it.
 */
export function attempt(
  timeoutMs: number,
  begin: (settle: (result: ExportResponse) => void) => () => void,
): Promise<ExportResponse> {
  return new Promise((resolve) => {
    let abort = () => {};
    const settle = (result: ExportResponse) => {
      clearTimeout(hold);
      clearTimeout(deadline);
      stopWatching();
      resolve(result);
    };
    const giveUp = (reason: string) => {
      settle(unreachable(reason));
      abort();
    };
    const hold = setTimeout(() => {}, HOLD_MS);
    const deadline = setTimeout(() => giveUp(`no answer in ${timeoutMs} ms`), timeoutMs).unref();
    const stopWatching = whenOnlyExportRemains(() => giveUp('no connection'));
    try {
      abort = begin(settle);
    } catch (error) {
      settle(unreachable(describeError(error)));
    }
  });
}

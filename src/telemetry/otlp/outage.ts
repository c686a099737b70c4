import type { OtlpExporter, Signal } from '../../config/config.js';
import { log, reason as onOneLine } from '../../log.js';
import { redactUrl } from '../../semconv/url.js';

const MAX_REASON_LENGTH = 200;

/**
 * Logs when an endpoint stops working and when it recovers: one line each, however many exports fail in between. In
 * each method, `consequence` says what happens to the data.
 */
export interface Outage {
  failed(reason: string, consequence: string): void;
  succeeded(): void;
  /** The endpoint works but rejects data. Logged only once. */
  rejected(reason: string, consequence: string): void;
  /** The endpoint has accepted all data and sent a warning with its answer. Only the first one is logged. */
  warned(message: string): void;
}

export function watchOutage({ endpoint }: OtlpExporter, signal: Signal): Outage {
  const where = redactUrl(endpoint);
  let isDown = false;
  let hasLoggedRejection = false;
  let hasLoggedWarning = false;

  return {
    failed(reason, consequence) {
      if (!isDown) log.change('warn', `${signal}: cannot reach ${where} (${brief(reason)}); ${consequence}`);
      isDown = true;
    },
    succeeded() {
      if (isDown) log.change('info', `${signal}: ${where} is reachable again`);
      isDown = false;
    },
    rejected(reason, consequence) {
      if (!hasLoggedRejection)
        log.warn(`${signal}: ${where} rejects data (${brief(reason)}); ${consequence}`);
      hasLoggedRejection = true;
    },
    warned(message) {
      if (!hasLoggedWarning)
        log.warn(`${signal}: ${where} accepts the data with a warning: ${brief(message)}`);
      hasLoggedWarning = true;
    },
  };
}

/** The receiver writes some of the reasons, and they may be long. */
function brief(reason: string): string {
  return onOneLine(reason).slice(0, MAX_REASON_LENGTH);
}

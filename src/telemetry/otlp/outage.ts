import type { OtlpExporter, Signal } from '../../config/config.js';
import { log, reason as onOneLine } from '../../log.js';
import { redactUrl } from '../../semconv/url.js';

const MAX_REASON_LENGTH = 200;

/** Logs when an endpoint stops working and when it recovers: one line each, however many exports fail in between. */
export interface Outage {
  /** `consequence` says what happens to the data in the meantime. */
  failed(reason: string, consequence: string): void;
  succeeded(): void;
  /** The endpoint works but rejects data. Logged only once. */
  rejected(reason: string): void;
}

export function watchOutage({ endpoint }: OtlpExporter, signal: Signal): Outage {
  const where = redactUrl(endpoint);
  let isDown = false;
  let hasLoggedRejection = false;

  return {
    failed(reason, consequence) {
      if (!isDown) log.change('warn', `${signal}: cannot reach ${where} (${brief(reason)}); ${consequence}`);
      isDown = true;
    },
    succeeded() {
      if (isDown) log.change('info', `${signal}: ${where} is reachable again`);
      isDown = false;
    },
    rejected(reason) {
      if (!hasLoggedRejection)
        log.warn(`${signal}: ${where} rejects data (${brief(reason)}); rejected data is dropped and counted`);
      hasLoggedRejection = true;
    },
  };
}

/** The receiver writes some of the reasons, and they may be long. */
function brief(reason: string): string {
  return onOneLine(reason).slice(0, MAX_REASON_LENGTH);
}

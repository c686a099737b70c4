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
  /** The endpoint works but has not taken some data after many attempts. Logged only once. */
  gaveUp(reason: string, consequence: string): void;
  /** The endpoint refuses large requests. The data are sent in smaller ones. Logged only once. */
  tooLarge(bytes: number, reason: string): void;
  /** The endpoint has accepted all data and sent a warning with its answer. Only the first one is logged. */
  warned(message: string): void;
}

export function watchOutage({ endpoint }: OtlpExporter, signal: Signal): Outage {
  const where = redactUrl(endpoint);
  let isDown = false;
  const logged = new Set<string>();
  const once = (kind: string, level: 'warn' | 'info', text: string): void => {
    if (!logged.has(kind)) log[level](`${signal}: ${where} ${text}`);
    logged.add(kind);
  };

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
      once('rejection', 'warn', `rejects data (${brief(reason)}); ${consequence}`);
    },
    gaveUp(reason, consequence) {
      once('undeliverable', 'warn', `does not take some data (${brief(reason)}); ${consequence}`);
    },
    tooLarge(bytes, reason) {
      once(
        'size',
        'info',
        `refuses a request of ${bytes} bytes (${brief(reason)}); what it holds is sent in smaller ones`,
      );
    },
    warned(message) {
      once('warning', 'warn', `accepts the data with a warning: ${brief(message)}`);
    },
  };
}

/** The receiver writes some of the reasons, and they may be long. */
function brief(reason: string): string {
  return onOneLine(reason).slice(0, MAX_REASON_LENGTH);
}

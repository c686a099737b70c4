import type { OtlpExporter, Signal } from '../../config/config.js';
import { log, reason as onOneLine } from '../../log.js';
import { redactUrl } from '../../semconv/url.js';

const MAX_REASON_LENGTH = 200;

/** Tells the operator when an endpoint stops and starts to work: one line each, however many exports fail between. */
export interface Outage {
  /** `consequence` says what happens to the data meanwhile. */
  failed(reason: string, consequence: string): void;
  worked(): void;
  /** The endpoint works but does not want what it gets. Said once. */
  refused(reason: string): void;
}

export function watchOutage({ endpoint }: OtlpExporter, signal: Signal): Outage {
  const where = redactUrl(endpoint);
  let down = false;
  let saidRefused = false;

  return {
    failed(reason, consequence) {
      if (!down) log.change('warn', `${signal}: cannot reach ${where} (${brief(reason)}); ${consequence}`);
      down = true;
    },
    worked() {
      if (down) log.change('info', `${signal}: ${where} works again`);
      down = false;
    },
    refused(reason) {
      if (!saidRefused)
        log.warn(
          `${signal}: ${where} refuses data (${brief(reason)}); what it refuses is dropped and counted`,
        );
      saidRefused = true;
    },
  };
}

/** Some reasons are the receiver's words, which may be many. */
function brief(reason: string): string {
  return onOneLine(reason).slice(0, MAX_REASON_LENGTH);
}

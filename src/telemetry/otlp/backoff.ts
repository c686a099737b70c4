const FIRST_MS = 1_000;
const MAX_MS = 30_000;
/** However long a receiver asks us to wait, it cannot silence us for longer. */
const MAX_ASKED_MS = 120_000;
const JITTER = 0.2;

/**
 * How long to wait after the `failures`-th failure in a row (from 1), in milliseconds: exponential, with a random
 * part so that many processes do not return at the same moment, and no less than the receiver asked for.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-response
 */
export function backoffMs(failures: number, askedMs = 0): number {
  const base = Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS);
  const delay = base * (1 - JITTER + 2 * JITTER * Math.random());
  return Math.max(delay, Math.min(askedMs, MAX_ASKED_MS));
}

const FIRST_MS = 1_000;
const MAX_MS = 30_000;
/** The longest delay that a receiver can impose. */
const MAX_REQUESTED_MS = 120_000;
const JITTER = 0.2;

/**
 * The delay before the next attempt after `failures` failures in a row (from 1), in milliseconds. It grows
 * exponentially, with jitter so that many processes do not retry at the same moment, and is never shorter than the
 * receiver requested. Every delay comes from here, so that it is a number whatever the receiver has sent: a timer would
 * take `NaN` for one millisecond.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-response
 */
export function backoffMs(failures: number, requestedMs = 0): number {
  const base = Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS);
  const delay = base * (1 - JITTER + 2 * JITTER * Math.random());
  const requested = Number.isNaN(requestedMs) ? 0 : Math.min(requestedMs, MAX_REQUESTED_MS);
  return Math.max(delay, requested);
}

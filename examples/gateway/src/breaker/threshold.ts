import type CircuitBreaker from 'opossum';
import { z } from 'zod';

/** A row of the table of thresholds. */
export const threshold = z.strictObject({
  /** The share of calls that must fail for the circuit to open. */
  failure_rate: z.number().positive().max(1),
  /** The seconds that are looked at. */
  window_s: z.int().positive().max(3_600),
  /** So many calls must have failed, at the least. */
  max_failures: z.int().positive(),
  /** The seconds until one call is let through to try. */
  open_s: z.number().positive().max(3_600),
});

export type Threshold = Readonly<z.infer<typeof threshold>>;

export const BUCKET_MS = 1_000;
/** opossum opens above its percentage, a row at it. */
const EPSILON = 1e-9;

/**
 * The row for opossum, which knows no number of failures: at the rate of a row, `max_failures` failures are among
 * `max_failures / failure_rate` calls, and so many calls it takes before the rate counts.
 */
export function breakerOptions({ failure_rate, window_s, max_failures, open_s }: Threshold) {
  return {
    errorThresholdPercentage: 100 * failure_rate - EPSILON,
    volumeThreshold: Math.round(max_failures / failure_rate),
    rollingCountTimeout: window_s * 1_000,
    rollingCountBuckets: (window_s * 1_000) / BUCKET_MS,
    resetTimeout: open_s * 1_000,
    // A call has its deadline.
    timeout: false,
    enableSnapshots: false,
    rollingPercentilesEnabled: false,
  } satisfies CircuitBreaker.Options;
}

import type { ActivityOptions } from '@temporalio/workflow';
import { NO_TIME_LEFT, REFUSED } from './order.ts';

/** How long one attempt may take, in milliseconds. An attempt of a worker that is gone is tried again after that. */
export const ATTEMPT_MS = 2_000;

/** How the steps of the saga are tried. A step forward gives up; a step back does not. */
export const STEPS = {
  forward: {
    startToCloseTimeout: ATTEMPT_MS,
    scheduleToCloseTimeout: '30s',
    retry: {
      initialInterval: '50ms',
      backoffCoefficient: 2,
      maximumInterval: '1s',
      nonRetryableErrorTypes: [REFUSED, NO_TIME_LEFT],
    },
  },
  back: {
    startToCloseTimeout: ATTEMPT_MS,
    retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '10s' },
  },
} as const satisfies Record<string, ActivityOptions>;

import type { Poll } from '../instrumentation.js';
import { log, reason } from '../log.js';
import { asOwnTraffic } from './own-traffic.js';

const INTERVAL_MS = 60_000;
const MAX_INTERVAL_MS = 30 * 60_000;
/** Keeps processes that start together from polling together. */
const JITTER = 0.2;

/**
 * Runs `task` once a minute, as Redhook's own traffic. Each failure doubles the interval, up to half an hour. The
 * timer does not keep the process alive.
 */
export const pollRegularly: Poll = (consequence, task) => {
  let interval = INTERVAL_MS;

  const poll = async (): Promise<void> => {
    try {
      await asOwnTraffic(task);
      interval = INTERVAL_MS;
    } catch (error) {
      interval = Math.min(interval * 2, MAX_INTERVAL_MS);
      log.warn(`${consequence}: ${reason(error)}; retrying at longer intervals`);
    }
    schedule();
  };
  const schedule = (): void => {
    const jitter = 1 + JITTER * (Math.random() - 0.5);
    setTimeout(() => void poll(), interval * jitter).unref();
  };

  schedule();
};

import { log, reason } from '../log.js';
import { asOwnTraffic } from './own-traffic.js';

const INTERVAL_MS = 60_000;
const LONGEST_MS = 30 * 60_000;
/** Processes that were started together do not poll together. */
const JITTER = 0.2;

export type Poll = (what: string, task: () => Promise<void>) => void;

/**
 * Runs tasks that poll a service for something once a minute, as Redhook's own traffic; after a failure half as often
 * each time. Nothing of it keeps the process alive.
 */
export const pollRegularly: Poll = (what, task) => {
  let interval = INTERVAL_MS;

  const poll = async (): Promise<void> => {
    try {
      await asOwnTraffic(task);
      interval = INTERVAL_MS;
    } catch (error) {
      interval = Math.min(interval * 2, LONGEST_MS);
      log.warn(`${what}: ${reason(error)}; it is asked for again, ever less often`);
    }
    schedule();
  };
  const schedule = (): void => {
    const jitter = 1 + JITTER * (Math.random() - 0.5);
    setTimeout(() => void poll(), interval * jitter).unref();
  };

  schedule();
};

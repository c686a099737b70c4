import type { MetricsConfig } from '../../config/config.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/i;

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether the page for people is served at this address. */
export function isForPeople(host: string, chosen: boolean | undefined): boolean {
  return chosen ?? isLoopback(host);
}

/** Whether there may be somebody to show traces to. */
export function mayHaveAudience({ exporters, livePage }: MetricsConfig): boolean {
  return exporters.some((each) => each.type === 'prometheus' && isForPeople(each.host, livePage));
}

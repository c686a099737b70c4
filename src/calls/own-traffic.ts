import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { contexts } from './context.js';

const OWN = createContextKey('redhook own traffic');
const OWN_CONTEXT = ROOT_CONTEXT.setValue(OWN, true);

const ownServers = new WeakSet<object>();

/** Marks a server as Redhook's own, so that its requests are never observed. */
export function markAsOwn(server: object): void {
  ownServers.add(server);
}

export function isOwn(server: object): boolean {
  return ownServers.has(server);
}

/** Runs `fn` so that its requests count as Redhook's own traffic and are never observed. */
export function asOwnTraffic<R>(fn: () => R): R {
  return contexts.with(OWN_CONTEXT, fn);
}

export function isOwnTraffic(context: Context): boolean {
  return context.getValue(OWN) === true;
}

import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { contexts } from './context.js';

const OWN = createContextKey('redhook own traffic');
const OWN_CONTEXT = ROOT_CONTEXT.setValue(OWN, true);

const ownServers = new WeakSet<object>();

/** Marks a server as Redhook's own: what it receives is never observed. */
export function markAsOwn(server: object): void {
  ownServers.add(server);
}

export function isOwn(server: object): boolean {
  return ownServers.has(server);
}

/** Runs `fn` so that the requests it makes are known as Redhook's own and never observed. */
export function asOwnTraffic<R>(fn: () => R): R {
  return contexts.with(OWN_CONTEXT, fn);
}

export function isOwnTraffic(context: Context): boolean {
  return context.getValue(OWN) === true;
}

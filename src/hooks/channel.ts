import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Calls, ChannelTarget, Guard } from '../instrumentation.js';

/** Attaches to a diagnostics channel, on which a library publishes by itself. Works in bundled applications too. */
export function attachChannel(target: ChannelTarget, calls: Calls, guard: Guard): void {
  const { channel, once = false } = target;
  const listener = guard((message) => {
    if (once) unsubscribe(channel, listener);
    target.attach(message, calls, guard);
  });
  subscribe(channel, listener);
}

import { subscribe } from 'node:diagnostics_channel';
import type { Calls, ChannelTarget, Guard } from '../instrumentation.js';

/** Attaches to a diagnostics channel, on which a library publishes by itself. Works in bundled applications too. */
export function attachChannel(target: ChannelTarget, calls: Calls, guard: Guard): void {
  subscribe(
    target.channel,
    guard((message) => target.attach(message, calls, guard)),
  );
}

import { subscribe } from 'node:diagnostics_channel';
import type { Calls, ChannelTarget, Guard } from '../instrumentation.js';

/** The door that a library opens itself: a diagnostics channel. It also works in bundled applications. */
export function attachChannel(target: ChannelTarget, calls: Calls, guard: Guard): void {
  subscribe(
    target.channel,
    guard((message) => target.attach(message, calls, guard)),
  );
}

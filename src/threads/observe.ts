import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { ExitFlush } from '../exit.js';
import type { Live } from '../live.js';
import { followMainThread } from './follow.js';
import { leadThreads } from './lead.js';
import type { ThreadSetup } from './setup.js';
import { ALONE, type Threads } from './threads.js';
import { reportUnseenThreads } from './unseen.js';

/** In the main thread: observes the others if the configuration says so. */
export function observeThreads(
  settings: Live<Config>,
  place: () => Omit<ThreadSetup, 'config'>,
  exit: ExitFlush,
): Threads {
  if (settings.current.workerThreads) return leadThreads(settings, place(), registerFile(), exit);
  reportUnseenThreads();
  return { ...ALONE, telemetry: { arm: exit.arm } };
}

/** In another thread, whose threads are observed like those of the main thread. */
export function joinThreads(setup: ThreadSetup): Threads {
  return followMainThread(setup, registerFile());
}

function registerFile(): string {
  return join(__dirname, 'register.cjs');
}

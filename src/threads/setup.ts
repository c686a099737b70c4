import type { Config } from '../config/config.js';
import { isWorkerThread } from '../platform.js';

/** What the main thread hands over to every thread that is started after it, and they to theirs. */
export interface ThreadSetup {
  /** That of the process: a thread may have an environment of its own. */
  readonly config: Config;
  /** The process whose metrics include those of the thread: this one, or the primary of its cluster. */
  readonly primary: string;
  /** What the label of a thread begins with. */
  readonly label: string;
}

const KEY = 'redhook.threads';

/** Throws if a part of it cannot be copied, because then the application could start no thread. */
export function offerSetup(setup: ThreadSetup): void {
  const { setEnvironmentData } = process.getBuiltinModule('node:worker_threads');
  const { config } = setup;
  // Only the main thread has a page.
  const metrics = { ...config.metrics, livePage: false };
  setEnvironmentData(KEY, structuredClone({ ...setup, config: { ...config, metrics } }) as never);
}

/** In a thread whose process observes its threads. */
export function receivedSetup(): ThreadSetup | undefined {
  if (!isWorkerThread()) return undefined;
  const { getEnvironmentData, threadId } = process.getBuiltinModule('node:worker_threads');
  const setup = getEnvironmentData(KEY) as unknown as ThreadSetup | undefined;
  if (setup === undefined) return undefined;
  const { config } = setup;
  const resourceAttributes = { ...config.resourceAttributes, 'thread.id': threadId };
  return { ...setup, config: { ...config, resourceAttributes }, label: `${setup.label}thread-${threadId}` };
}

import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';

/** What becomes of a running process when its configuration has been loaded again. */
export interface Reloaded {
  /** What is in force from now on. Its parts are those from before where they are equal. */
  readonly config: Config;
  /** The settings that are in force and were not. */
  readonly changed: readonly string[];
  /** The settings that differ from those of the start and that only a restart brings into force. */
  readonly pending: readonly string[];
}

/** The settings that may change while the process runs. */
const LIVE: ReadonlySet<string> = new Set([
  'logLevel',
  'trust',
  'capturedHeaders',
  'traces.sampler',
  'traces.rules',
  'traces.keep',
]);
/** An instrumentation stays attached and records nothing. The metrics of Node itself are none. */
const LIVE_SWITCH = /^instrumentations\.(?!runtime$)/;

/** The parts of the configuration that are known to the user by another name. */
const NAMES: Readonly<Record<string, string>> = {
  enabled: 'disabled',
  serviceName: 'service.name',
  capturedHeaders: 'http captured headers',
  knownMethods: 'http.known_methods',
  propagateDeadlines: 'grpc.propagate_deadlines',
  visibility: 'temporal.visibility',
  resourceAttributes: 'resource.attributes',
  resourceDetection: 'resource.detectors',
  'metrics.livePage': 'metrics.page',
  'metrics.maxRoutes': 'metrics.limits.routes',
  'metrics.maxSeries': 'metrics.limits.series',
  exitTimeoutMs: 'exit.timeout',
  exitSignals: 'exit.signals',
  workerThreads: 'worker_threads',
  logLevel: 'log_level',
};

/** The parts that consist of settings. The others are settings themselves. */
const GROUPS: ReadonlySet<string> = new Set(['traces', 'metrics', 'instrumentations']);

export function reloaded(current: Config, loaded: Config): Reloaded {
  const changed: string[] = [];
  const pending: string[] = [];

  function merge<T extends object>(before: T, after: T, prefix: string): T {
    const merged = { ...before };
    const sameAs = changed.length;
    for (const key of Object.keys({ ...before, ...after }) as (keyof T & string)[]) {
      const path = prefix + key;
      if (isDeepStrictEqual(before[key], after[key])) continue;
      if (GROUPS.has(path)) {
        merged[key] = merge(before[key] as object, after[key] as object, `${path}.`) as T[typeof key];
      } else if (LIVE.has(path) || LIVE_SWITCH.test(path)) {
        merged[key] = after[key];
        changed.push(NAMES[path] ?? path);
      } else {
        pending.push(NAMES[path] ?? path);
      }
    }
    return changed.length === sameAs ? before : Object.freeze(merged);
  }

  return { config: merge(current, loaded, ''), changed, pending };
}

import type { Cluster } from 'node:cluster';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { idOf, type ProcessId } from '../../process-id.js';

const CREATED = 'child_process';

/** Loading node:cluster takes milliseconds, so it is only looked up where Node has loaded it. */
export function isClusterWorker(): boolean {
  return process.channel !== undefined && isLoaded('internal/cluster/child');
}

export function workerId(): number | undefined {
  return cluster().worker?.id;
}

/** Where the metrics of the threads of this process belong, and what their labels begin with. */
export function placeOfThreads(): { readonly primary: ProcessId; readonly label: string } {
  return isClusterWorker()
    ? { primary: idOf(process.ppid), label: `${workerId()}-` }
    : { primary: idOf(process.pid), label: '' };
}

/** Calls `callback` once, when this process has forked its first cluster worker. */
export function whenForking(callback: () => void): void {
  const look = (): void => {
    if (!isLoaded('internal/cluster/primary') || Object.keys(cluster().workers ?? {}).length === 0) return;
    unsubscribe(CREATED, onCreated);
    callback();
  };
  // A child process is created before anyone can know what it is.
  const onCreated = (): void => process.nextTick(look);
  subscribe(CREATED, onCreated);
}

function isLoaded(name: string): boolean {
  const { moduleLoadList = [] } = process as { moduleLoadList?: readonly string[] };
  return moduleLoadList.includes(`NativeModule ${name}`);
}

function cluster(): Cluster {
  return process.getBuiltinModule('node:cluster') as unknown as Cluster;
}

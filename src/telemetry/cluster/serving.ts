import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessId } from '../../process-id.js';

const PAUSE_MS = 2;

/** Says whether this process has the port of the metrics page open. */
export function setServing(directory: string, id: ProcessId, isServing: boolean): void {
  const path = join(directory, 'serving', id);
  if (isServing) writeFileSync(path, '');
  else rmSync(path, { force: true });
}

/** Whether another process of the cluster has the port of the page open. */
export function othersServe(directory: string, id: ProcessId): boolean {
  return readdirSync(join(directory, 'serving')).some((each) => each !== id && isAlive(each));
}

/** Returns when no other process has the port open, or when the time is up. It blocks, because a bind follows at once. */
export function waitUntilReleased(directory: string, id: ProcessId, timeoutMs: number): void {
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + timeoutMs;
  while (othersServe(directory, id) && performance.now() < end) Atomics.wait(sleep, 0, 0, PAUSE_MS);
}

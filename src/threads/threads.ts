import type { PendingRequest } from '../telemetry/otlp/flush.js';
import type { ThreadSetup } from './setup.js';

/** What the threads of a process have to do with each other. */
export interface Threads {
  readonly telemetry: ThreadsOfTelemetry;
  /** In the main thread, which is about to end: what the others would lose. Waits for `timeoutMs` at most. */
  takePending(timeoutMs: number): PendingRequest[];
  /** In another thread: calls back when the main thread asks for that. */
  whenTaken(take: () => PendingRequest[]): void;
  /** In another thread, which ends by itself. */
  flushed(): void;
}

export interface ThreadsOfTelemetry {
  /** Called as soon as there is something that the end of this thread would lose. */
  arm(): void;
  /** In the main thread: calls back when another one has something to show. */
  readonly whenThreadJoins?: (callback: () => void) => void;
  /** In another thread. */
  readonly thread?: Omit<ThreadSetup, 'config'> & { joined(): void };
}

/** What there is to do where there is no other thread. */
export const ALONE = {
  takePending: (): PendingRequest[] => [],
  whenTaken(): void {},
  flushed(): void {},
};

import type { Terminated } from '../terminations.js';
import type { Begun, Conclusion } from './sandbox.js';

/** What Temporal tells of a run with each report. */
export interface WorkflowInfo {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowType: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly historyLength: number;
  readonly runStartTime?: Date;
  readonly runTimeoutMs?: number;
  readonly executionExpirationTime?: Date;
  readonly parent?: { readonly runId: string };
}

/** A run that has not ended as far as this worker knows. */
export interface OpenRun {
  readonly info: WorkflowInfo;
  /** What has begun in it, by span id. The run itself is one of them. */
  readonly operations: ReadonlyMap<string, Begun>;
}

interface Entry {
  info: WorkflowInfo;
  readonly operations: Map<string, Begun>;
  /** When the service is asked about it, on the clock of `Date`. */
  dueAt: number;
  pause: number;
}

/** How a run was closed. */
export interface Closing {
  /** Absent if its worker, this one or another, has told its end. */
  readonly by: 'terminated' | 'timed_out' | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Asks the service about a run. `undefined`: it is open, or nobody knows. */
export type Look = (run: OpenRun) => Promise<Closing | undefined>;

type OnClosed = (run: OpenRun, by: NonNullable<Closing['by']>, at: number) => void;

const MAX_RUNS = 10_000;
/** A run that does nothing is looked at after five seconds, then ever less often, at least once an hour. */
const FIRST_PAUSE_MS = 5_000;
const PAUSE_GROWTH = 4;
const LONGEST_PAUSE_MS = 60 * 60_000;
/** The service needs a moment to close a run. */
const SOON_MS = 300;
/** At most so many looks at a time, and one round in so many milliseconds. */
const MAX_LOOKS = 5;
const ROUND_MS = 1_000;
/** When the worker stops. */
const MAX_LAST_LOOKS = 200;

/**
 * The runs of a worker, and what is open in them. A run that the service closes itself - terminated, timed out, reset -
 * gets no task any more, so nothing tells its worker. It is looked at when there is a sign that it may be closed, and
 * seldom while it does nothing.
 */
export class OpenRuns {
  readonly #runs = new Map<string, Entry>();
  readonly #look: Look;
  readonly #onClosed: OnClosed;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  constructor(look: Look, onClosed: OnClosed) {
    this.#look = look;
    this.#onClosed = onClosed;
  }

  /** Takes what a workflow task has begun and ended, once the service has accepted it. */
  update(info: WorkflowInfo, { begun, ended, isFirst }: Conclusion): void {
    const { runId } = info;
    const entry = this.#runs.get(runId) ?? (isFirst ? this.#add(info) : undefined);
    if (entry === undefined) return;
    entry.info = info;
    if (isFirst) entry.operations.clear();
    for (const operation of begun) entry.operations.set(operation.spanId as string, operation);
    for (const { spanId } of ended) entry.operations.delete(spanId as string);
    if (ended.some(({ name }) => name === 'RunWorkflow')) {
      this.#runs.delete(runId);
      this.#suspect(({ parent }) => parent?.runId === runId);
      return;
    }
    entry.pause = FIRST_PAUSE_MS;
    this.#schedule(entry, Math.min(Date.now() + FIRST_PAUSE_MS, timeoutOf(info)));
  }

  /** There is a sign that the run may be closed. */
  suspect(runId: string): void {
    this.#suspect((info) => info.runId === runId);
  }

  /** A client of this process has terminated this run, or the current one of the workflow. */
  terminated({ workflowId, runId }: Terminated): void {
    const isMeant = (info: WorkflowInfo): boolean =>
      info.workflowId === workflowId && (!runId || info.runId === runId);
    this.#suspect(isMeant, 0);
  }

  /** The worker stops: what is closed by now is told, the rest goes on elsewhere. Each run is looked at once more. */
  async stop(): Promise<void> {
    const runs = [...this.#runs.values()].filter(({ dueAt }) => dueAt < Infinity).slice(0, MAX_LAST_LOOKS);
    for (const run of runs) run.dueAt = Infinity;
    await Promise.all(runs.map((entry) => this.#lookAt(entry)));
  }

  #add(info: WorkflowInfo): Entry {
    const [oldest] = this.#runs.keys();
    if (this.#runs.size >= MAX_RUNS && oldest !== undefined) this.#runs.delete(oldest);
    // A workflow has one open run at a time.
    this.#suspect(
      ({ workflowId, namespace }) => workflowId === info.workflowId && namespace === info.namespace,
    );
    const entry = { info, operations: new Map(), dueAt: Infinity, pause: FIRST_PAUSE_MS };
    this.#runs.set(info.runId, entry);
    return entry;
  }

  #suspect(isMeant: (info: WorkflowInfo) => boolean, inMs = SOON_MS): void {
    for (const entry of this.#runs.values())
      if (isMeant(entry.info)) this.#schedule(entry, Date.now() + inMs);
  }

  #schedule(entry: Entry, dueAt: number): void {
    entry.dueAt = dueAt;
    this.#wake(dueAt);
  }

  #wake(at: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => void this.#round(), Math.max(0, at - Date.now())).unref();
  }

  async #round(): Promise<void> {
    const due = [...this.#runs.values()].filter(({ dueAt }) => dueAt <= Date.now()).slice(0, MAX_LOOKS);
    for (const entry of due) {
      entry.dueAt = Date.now() + entry.pause;
      entry.pause = Math.min(entry.pause * PAUSE_GROWTH, LONGEST_PAUSE_MS);
    }
    await Promise.all(due.map((entry) => this.#lookAt(entry)));
    this.#timerAt = Infinity;
    const next = Math.min(...Array.from(this.#runs.values(), ({ dueAt }) => dueAt));
    if (next < Infinity) this.#wake(Math.max(next, Date.now() + ROUND_MS));
  }

  async #lookAt(entry: Entry): Promise<void> {
    // Nobody waits for this, so a rejection would end the application. The run is looked at again later.
    const closing = await this.#look(entry).catch(() => undefined);
    // Another look may have been faster.
    if (closing === undefined || this.#runs.get(entry.info.runId) !== entry) return;
    this.#runs.delete(entry.info.runId);
    if (closing.by !== undefined) this.#onClosed(entry, closing.by, closing.at);
  }
}

/** When the service will close the run, in milliseconds since 1970, a moment later. */
function timeoutOf({ runStartTime, runTimeoutMs, executionExpirationTime }: WorkflowInfo): number {
  const runEnds = (runStartTime?.getTime() ?? Infinity) + (runTimeoutMs || Infinity);
  return Math.min(runEnds, executionExpirationTime?.getTime() ?? Infinity) + SOON_MS;
}

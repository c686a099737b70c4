/** What the receiver is told, and what it reports. */

/** Well, slower than the exporter waits, with a limit of 100 KB, failing, or down. */
export type Mode = 'well' | 'slow' | 'small' | 'failing' | 'down';

export interface Received {
  /** Distinct spans. */
  readonly spans: number;
  /** Those that came again, because an answer was late or lost. */
  readonly again: number;
  /** Spans of our clients' traces whose parent is right, and those whose parent is wrong. */
  readonly rightParents: number;
  readonly wrongParents: number;
  /** Distinct series of the application's own instruments. */
  readonly series: number;
  /** Those of them that arrived while it had a limit. */
  readonly seriesWhileSmall: number;
  readonly largestRequest: number;
}

/** How the trace ids of the clients begin whose traces are checked. The rest of one tells the id of their span. */
export const TRACE_PREFIX = 'c0ffee00';

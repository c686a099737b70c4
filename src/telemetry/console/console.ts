import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { TraceGroups } from '../traces/trace-groups.js';
import { drawTrace } from './trace-tree.js';

export interface ConsoleOptions {
  /** Whether to write in colours; by default if stdout is a terminal. */
  readonly colour?: boolean | undefined;
  /** Writes the text; to stdout by default. */
  readonly write?: (text: string) => void;
}

const STDOUT = 1;

/** Prints each trace as a tree for people to read. A chunk of its own, with the page for people. */
export function createConsole({
  colour = isatty(STDOUT),
  write = writeToStdout,
}: ConsoleOptions): TraceGroups {
  return new TraceGroups((spans) => write(drawTrace(spans, colour)));
}

function writeToStdout(text: string): void {
  try {
    writeSync(STDOUT, text);
  } catch {
    // stdout is closed or full, so the trace is not shown.
  }
}

import { writeSync } from 'node:fs';
import type { LogLevel } from './config/config.js';

const RANKS: Record<LogLevel, number> = { none: 0, error: 1, warn: 2, info: 3, debug: 4 };
const STDERR = 2;

let threshold = RANKS.info;
const said = new Set<string>();

/** How many lines are remembered as said. */
const MOST_LINES = 1_000;

/** Messages for the operator: one line each on stderr, and each message only once. */
export const log = {
  setLevel(level: LogLevel): void {
    threshold = RANKS[level];
  },
  /** The line that tells what has started. */
  announce(line: string): void {
    write('info', `redhook ${line}`);
  },
  /** Tells of a change of state, such as an outage and its end; unlike the others every time it happens. */
  change(level: LogLevel, message: string): void {
    print(level, `redhook: ${message}`);
  },
  error(message: string): void {
    write('error', `redhook: ${message}`);
  },
  warn(message: string): void {
    write('warn', `redhook: ${message}`);
  },
  info(message: string): void {
    write('info', `redhook: ${message}`);
  },
  debug(message: string): void {
    write('debug', `redhook: ${message}`);
  },
};

/** The words for something that was thrown, on one line. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

function write(level: LogLevel, line: string): void {
  if (said.has(line)) return;
  if (said.size < MOST_LINES) said.add(line);
  print(level, line);
}

function print(level: LogLevel, line: string): void {
  if (RANKS[level] > threshold) return;
  try {
    // Not process.stderr: touching it would create the stream, and with it handles, before the application does.
    writeSync(STDERR, `${line}\n`);
  } catch {
    // stderr is closed or full; there is nobody left to tell.
  }
}

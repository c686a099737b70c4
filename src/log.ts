import { writeSync } from 'node:fs';
import type { LogLevel } from './config/config.js';

const RANKS: Record<LogLevel, number> = { none: 0, error: 1, warn: 2, info: 3, debug: 4 };
const STDERR = 2;

let threshold = RANKS.info;
const said = new Set<string>();

/** Messages for the operator: one line each on stderr, and each cause only once. */
export const log = {
  setLevel(level: LogLevel): void {
    threshold = RANKS[level];
  },
  error(message: string): void {
    write('error', message);
  },
  warn(message: string): void {
    write('warn', message);
  },
  info(message: string): void {
    write('info', message);
  },
  debug(message: string): void {
    write('debug', message);
  },
};

/** The words for something that was thrown, on one line. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

function write(level: LogLevel, message: string): void {
  if (RANKS[level] > threshold || said.has(message)) return;
  said.add(message);
  try {
    // Not process.stderr: touching it would create the stream, and with it handles, before the application does.
    writeSync(STDERR, `redhook: ${message}\n`);
  } catch {
    // stderr is closed or full; there is nobody left to tell.
  }
}

import { writeSync } from 'node:fs';

/** Which messages are shown: those of this level and the graver ones. */
export type LogLevel = 'none' | 'error' | 'warn' | 'info' | 'debug';

const RANKS: Record<LogLevel, number> = { none: 0, error: 1, warn: 2, info: 3, debug: 4 };
const STDERR = 2;

let threshold = RANKS.info;
const logged = new Set<string>();

/** How many lines are remembered, so that the memory stays bounded. */
const MAX_REMEMBERED = 1_000;

/** Messages for the operator on stderr. Each is one line, and is printed only once. */
export const log = {
  setLevel(level: LogLevel): void {
    threshold = RANKS[level];
  },
  /** The line that says what has started. */
  announce(line: string): void {
    write('info', `redhook ${line}`);
  },
  /** Reports a change of state, such as an outage or its end. Unlike the others, it is printed every time. */
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

/** The message of a thrown value, on one line. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

function write(level: LogLevel, line: string): void {
  if (logged.has(line)) return;
  if (logged.size < MAX_REMEMBERED) logged.add(line);
  print(level, line);
}

function print(level: LogLevel, line: string): void {
  if (RANKS[level] > threshold) return;
  try {
    // Not process.stderr: accessing it would create the stream and its handles before the application does.
    writeSync(STDERR, `${line}\n`);
  } catch {
    // stderr is closed or full. There is nowhere else to report it.
  }
}

import { channel } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { printable } from './config/diagnostic.js';

/** Which messages are shown: those of this level and the graver ones. */
export type LogLevel = 'none' | 'error' | 'warn' | 'info' | 'debug';

const RANKS: Record<LogLevel, number> = { none: 0, error: 1, warn: 2, info: 3, debug: 4 };
const STDERR = 2;

let threshold = RANKS.info;

/** Has every line, whatever the level, for the command that examines a process. */
const lines = channel('redhook.log');

/** How many kinds of messages each level prints. Any further one is silent, so that memory and output stay bounded. */
const MAX_KINDS = 1_000;
/** The kinds that were printed. One for each level: many debug lines must not silence an error. */
const printed: Record<LogLevel, Set<string>> = {
  none: new Set(),
  error: new Set(),
  warn: new Set(),
  info: new Set(),
  debug: new Set(),
};

/**
 * Messages for the operator on stderr. Each is one line. Of those of one `kind` only the first is printed; by default a
 * message is the only one of its kind. No method throws.
 */
export const log = {
  setLevel(level: LogLevel): void {
    threshold = RANKS[level];
  },
  /** Whether messages of this level are printed, for a caller whose message is costly to make. */
  shows(level: LogLevel): boolean {
    return RANKS[level] <= threshold;
  },
  /** The line that says what has started. */
  announce(line: string): void {
    write('info', `redhook ${line}`);
  },
  /** Reports a change of state, such as an outage or its end. Unlike the others, it is printed every time. */
  change(level: LogLevel, message: string): void {
    const line = `redhook: ${message}`;
    lines.publish({ level, line });
    print(level, line);
  },
  error(message: string, kind = message): void {
    write('error', `redhook: ${message}`, kind);
  },
  warn(message: string, kind = message): void {
    write('warn', `redhook: ${message}`, kind);
  },
  info(message: string, kind = message): void {
    write('info', `redhook: ${message}`, kind);
  },
  debug(message: string, kind = message): void {
    write('debug', `redhook: ${message}`, kind);
  },
};

/** The message of a thrown value, on one line. It never throws: any object can be thrown, one that throws itself too. */
export function reason(error: unknown): string {
  try {
    const text = String(error instanceof Error ? error.message || error.name : error);
    return text.replaceAll(/\s*\n\s*/g, ' ');
  } catch {
    return 'a thrown value that cannot be read';
  }
}

const NAME_BEFORE_IDS = /^.*(?=[0-9a-f]{32}-[0-9a-f]{16})/;
const QUOTED = /"[^"]*"/g;
const ID_OR_NUMBER = /[0-9a-f]{16,}|\d+/g;

/** What messages have in common that differ only in ids, numbers, quoted text or the name in front of the ids. */
export function templateOf(message: string): string {
  return message.replace(NAME_BEFORE_IDS, '').replace(QUOTED, '""').replace(ID_OR_NUMBER, '0');
}

function write(level: LogLevel, line: string, kind = line): void {
  lines.publish({ level, line });
  if (!log.shows(level)) return;
  const kinds = printed[level];
  if (kinds.size >= MAX_KINDS || kinds.has(kind)) return;
  kinds.add(kind);
  print(level, line);
}

function print(level: LogLevel, line: string): void {
  if (!log.shows(level)) return;
  try {
    // Not process.stderr: accessing it would create the stream and its handles before the application does.
    writeSync(STDERR, `${printable(line)}\n`);
  } catch {
    // stderr is closed or full. There is nowhere else to report it.
  }
}

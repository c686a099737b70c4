import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';

/**
 * A process of this machine, or a thread of one, as it is named in files: `<pid>.<start>`. Ids of processes are used again, so the time of
 * the start belongs to it. The time is empty where there is no /proc.
 */
export type ProcessId = string;

/** Returns `undefined` if there is no such process. A zombie has ended, although its parent has not asked for it yet. */
export function processId(pid: number): ProcessId | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name of the program, in brackets, with any characters in it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${pid}.${fields[19]}`;
  } catch {
    return exists(pid) ? `${pid}.` : undefined;
  }
}

/** The id of this process, or of this thread if it is not the main one: Linux shows a thread like a process. */
export function ownId(): ProcessId {
  return idOf(taskId() ?? process.pid);
}

/** Also of a process that has ended, which then is alive no more. */
export function idOf(pid: number): ProcessId {
  return processId(pid) ?? `${pid}.`;
}

export function isAlive(id: ProcessId): boolean {
  return processId(Number.parseInt(id, 10)) === id;
}

/** In what the id of a process means one process. Containers may share their memory and not their processes. */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    return hash(hostname());
  }
}

/** FNV-1a, enough to tell the services of one user apart. */
export function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16);
}

function taskId(): number | undefined {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')));
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else exists, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

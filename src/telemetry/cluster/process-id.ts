import { readFileSync } from 'node:fs';

/**
 * A process of this machine, as it is named in files: `<pid>.<start>`. Ids of processes are used again, so the time of
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

export function isAlive(id: ProcessId): boolean {
  return processId(Number.parseInt(id, 10)) === id;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else exists, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface UnreportedProcess {
  readonly pid: number;
  readonly command: string;
}

const NODE = /^node(?:js)?(?:\d.*)?$/;
/** `pid (name) state ppid`; the name may contain anything. */
const PARENT = /\) \S (\d+)/;

/**
 * The processes of Node at and below `root` that are not among `reported`. Only Linux shows them to everybody; elsewhere
 * there are none.
 */
export function unreportedProcesses(root: number, reported: readonly number[]): UnreportedProcess[] {
  const parents = parentsOfAll();
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()]
    .filter((pid) => isBelow(pid) && !reported.includes(pid) && isNode(pid))
    .map((pid) => ({ pid, command: read(pid, 'cmdline').split('\0').filter(Boolean).join(' ') }));
}

function parentsOfAll(): Map<number, number> {
  const pids = list('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(pids.map((pid) => [Number(pid), Number(PARENT.exec(read(pid, 'stat'))?.[1] ?? 0)]));
}

function isNode(pid: number): boolean {
  try {
    return NODE.test(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    return false;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A process may have ended since it was listed. */
function read(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

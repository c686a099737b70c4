import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash, isAlive, type ProcessId, pidNamespace } from '../../process-id.js';

/** What the processes have in common whose metrics are added up. */
export interface ClusterKey {
  readonly primary: ProcessId;
  readonly port: number;
  readonly serviceName: string;
}

/** Memory if there is any, because files are written for every call. */
const ROOTS = ['/dev/shm', tmpdir()];
/** Every process writes more often than that, also without a call. */
const LONGEST_SILENCE_MS = 3_600_000;

/** Opens the directory of a cluster, for this user alone. Throws if there is nowhere to have one. */
export function openDirectory(key: ClusterKey, roots: readonly string[] = ROOTS): string {
  let failure: unknown;
  for (const root of roots) {
    try {
      const directory = join(root, nameOf(key));
      if (create(directory)) removeLeftovers(root, directory);
      checkOwner(directory);
      create(join(directory, 'asks'));
      create(join(directory, 'serving'));
      return directory;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Returns false if it exists. Its parent is never created. */
function create(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Anyone may create files in the roots. A directory that somebody else has prepared is not used. */
function checkOwner(directory: string): void {
  const stat = lstatSync(directory);
  const isOurs = process.getuid === undefined || (stat.uid === process.getuid() && (stat.mode & 0o077) === 0);
  if (!stat.isDirectory() || !isOurs) throw new Error(`${directory} belongs to somebody else`);
}

function prefix(): string {
  return `redhook-${process.getuid?.() ?? ''}-`;
}

function nameOf({ primary, port, serviceName }: ClusterKey): string {
  const service = `${serviceName.replaceAll(/[^\w.-]/g, '_').slice(0, 40)}-${hash(serviceName)}`;
  return `${prefix()}${pidNamespace()}-${primary}-${port}-${service}`;
}

/** Removes what clusters of this user have left whose primary has ended, or of which nothing was heard for long. */
function removeLeftovers(root: string, own: string): void {
  const here = `${prefix()}${pidNamespace()}-`;
  for (const name of readdirSync(root)) {
    const directory = join(root, name);
    if (!name.startsWith(prefix()) || directory === own) continue;
    try {
      const primary = name.startsWith(here) ? /^\d+\.\d*/.exec(name.slice(here.length))?.[0] : undefined;
      const isOver =
        primary === undefined
          ? isSilent(directory)
          : !isAlive(primary) || (isSilent(directory) && !hasLiving(directory));
      if (isOver) rmSync(directory, { recursive: true, force: true });
    } catch {
      // Another process removes it at the same time.
    }
  }
}

/** A worker that starts when its primary has just ended is a child of the first process, which does not end. */
function hasLiving(directory: string): boolean {
  return readdirSync(directory).some((name) => isAlive(/_(\d+\.\d*)\.calls$/.exec(name)?.[1] ?? ''));
}

function isSilent(directory: string): boolean {
  const since = Date.now() - LONGEST_SILENCE_MS;
  return [directory, ...readdirSync(directory).map((name) => join(directory, name))].every(
    (path) => lstatSync(path).mtimeMs < since,
  );
}

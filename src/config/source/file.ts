import { resolve } from 'node:path';
import { FILE_NOT_USED, type Report } from '../diagnostic.js';
import type { Env } from './substitute.js';

/** As they are at start: the application may put a file system of its own in their place before this runs again. */
const { readFileSync, statSync } = process.getBuiltinModule('node:fs');

const DEFAULT_FILE = 'otel-autoconf.yaml';
export const FILE_VARIABLES = ['REDHOOK_CONFIG_FILE', 'OTEL_CONFIG_FILE'];
/** Far more than any configuration needs. Even a hostile file of this size is parsed within a second. */
const MAX_BYTES = 128 * 1024;

export interface ConfigFile {
  /** The path as the user wrote it, for diagnostics. */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Reads the file that a variable names, else `./otel-autoconf.yaml`. A missing default file is not an error. */
export function readConfigFile(env: Env, cwd: string, report: Report): ConfigFile | undefined {
  const variable = FILE_VARIABLES.find((each) => env[each]?.trim());
  const name = (variable && env[variable]?.trim()) || DEFAULT_FILE;
  const path = resolve(cwd, name);
  try {
    return { name, path, text: readSmallFile(path) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && variable === undefined) return undefined;
    const origin = variable === undefined ? '' : ` (named by ${variable})`;
    report({
      severity: 'error',
      where: name,
      found: code === undefined ? message : `no readable file (${code})`,
      expected: `a regular file of at most ${MAX_BYTES / 1024} KiB${origin}`,
      now: FILE_NOT_USED,
    });
    return undefined;
  }
}

/** Reads a regular file. Throws for anything else without opening it, because reading a pipe may never end. */
export function readSmallFile(path: string): string {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new Error('a directory');
  if (!stats.isFile()) throw new Error('a pipe or device');
  if (stats.size > MAX_BYTES) throw new Error(`${stats.size} bytes`);
  return readFileSync(path, 'utf8');
}

import { dirname, join, resolve } from 'node:path';
import { isPm2Container } from './pm2.js';
import { readSmallFile } from './source/file.js';
import type { Env } from './source/substitute.js';

const INSTALLED = /(^|[\\/])node_modules([\\/]|$)/;

/** How the process was started. */
interface Start {
  readonly cwd: string;
  readonly script: string | undefined;
  /** The name that the user gave to the process. */
  readonly name?: string | undefined;
}

/**
 * The name of the application's own package: the nearest package.json that has one, upwards from the main script or
 * else the working directory. An installed script (`next`, `jest-worker`) is not the application, so there the working
 * directory comes first, and the package of the script last.
 */
export function packageName(cwd: string, script: string | undefined, env: Env): string | undefined {
  const start = isPm2Container(script) ? startedByPm2(cwd, env) : { cwd, script };
  const folder = start.script === undefined ? start.cwd : dirname(resolve(start.cwd, start.script));
  const folders = INSTALLED.test(folder) ? [start.cwd, folder] : [folder, start.cwd];
  for (const each of folders) {
    const name = nearestName(each, (parent) => !INSTALLED.test(parent));
    if (name !== undefined) return name;
  }
  return start.name ?? nearestName(folder, () => true);
}

function startedByPm2(cwd: string, env: Env): Start {
  const { pm_exec_path, pm_cwd, name } = env as Record<string, unknown>;
  return { cwd: text(pm_cwd) ?? cwd, script: text(pm_exec_path), name: text(name) };
}

function nearestName(start: string, isCandidate: (folder: string) => boolean): string | undefined {
  let folder = start;
  for (;;) {
    const name = isCandidate(folder) ? nameIn(join(folder, 'package.json')) : undefined;
    if (name !== undefined) return name;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

function nameIn(file: string): string | undefined {
  try {
    return text((JSON.parse(readSmallFile(file)) as { name?: unknown }).name);
  } catch {
    // There is no readable package.json here. A parent folder may have one.
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

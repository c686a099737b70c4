import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { NODES, REGISTER } from './app.js';

/** The file behind the command `redhook`, from the build in this working tree. */
const CLI = join(dirname(REGISTER), 'cli.cjs');

export interface CliOptions {
  node?: string;
  cwd?: string;
  env?: Record<string, string>;
}

/** Runs `redhook` to its end. */
export function redhook(args: string[], { node = NODES['24'], cwd, env }: CliOptions = {}) {
  const { status, stdout, stderr } = spawnSync(node, [CLI, ...args], {
    encoding: 'utf8',
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { code: status, stdout, stderr };
}

import { spawnSync } from 'node:child_process';

/**
 * Whether a program that a test needs is installed. If not, prints how to install it, and the test is skipped. In CI a
 * missing program is an error, because nobody would notice the skipped test there.
 */
export function hasProgram(name: string, how: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined || missing(name, how);
}

/** Whether the tests may change the machine that they run on. */
export function isRoot(why: string): boolean {
  return process.getuid?.() === 0 || missing('root', `sudo (${why})`);
}

/** Says that something is missing that a test needs, and how to get it. */
export function missing(what: string, how: string): false {
  if (process.env['CI']) throw new Error(`${what} is missing; get it by: ${how}`);
  console.log(`skipped: ${what} is missing; get it by: ${how}`);
  return false;
}

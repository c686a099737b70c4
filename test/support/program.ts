import { spawnSync } from 'node:child_process';

/**
 * Whether a program that a test needs is on the machine. If not, says in one line how to get it, and the test is
 * skipped; in CI its absence is a failure, for there nobody would notice.
 */
export function hasProgram(name: string, how: string): boolean {
  if (spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined) return true;
  if (process.env['CI']) throw new Error(`${name} is missing; get it by: ${how}`);
  console.log(`skipped: ${name} is missing; get it by: ${how}`);
  return false;
}

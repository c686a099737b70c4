import { spawnSync } from 'node:child_process';

/**
 * Whether a program that a test needs is installed. If not, prints how to install it, and the test is skipped. In CI a
 * missing program is an error, because nobody would notice the skipped test there.
 */
export function hasProgram(name: string, how: string): boolean {
  if (spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined) return true;
  if (process.env['CI']) throw new Error(`${name} is missing; get it by: ${how}`);
  console.log(`skipped: ${name} is missing; get it by: ${how}`);
  return false;
}

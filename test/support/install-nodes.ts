import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

const FOLDER = 'test/nodes';

/**
 * Installs the other versions of Node that applications are run on. They have a folder of their own, because each of
 * them would otherwise be the `node` of the scripts here.
 */
export default function installNodes(): void {
  const modifiedAt = (file: string): number =>
    statSync(`${FOLDER}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modifiedAt('node_modules/.package-lock.json') >= modifiedAt('package-lock.json')) return;
  execFileSync('npm', ['ci', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
}

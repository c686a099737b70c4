import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** Installs the packages of a folder that has its own lock file, unless they are installed. */
export function npmCi(folder: string): void {
  const modifiedAt = (file: string): number =>
    statSync(`${folder}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modifiedAt('node_modules/.package-lock.json') >= modifiedAt('package-lock.json')) return;
  execFileSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
}

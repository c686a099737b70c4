/** The disk space of `npm install redhook`, from the packed tarball. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Installed {
  readonly packages: number;
  /** 10^6 bytes. */
  readonly megabytes: number;
}

export function measureInstalled(): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-'));
  try {
    const npm = (...args: string[]) => execFileSync('npm', args, { cwd: folder, encoding: 'utf8' });
    const [packed] = JSON.parse(npm('pack', '--json', '--ignore-scripts', resolve('.')));
    npm('install', '--no-audit', '--no-fund', join(folder, packed.filename));
    const modules = join(folder, 'node_modules');
    const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
    const bytes = files.map((file) => statSync(join(modules, file))).filter((file) => file.isFile());
    return {
      packages: files.filter((file) => /^(@[^/]+\/)?[^@./][^/]*\/package\.json$/.test(file)).length,
      megabytes: bytes.reduce((total, { size }) => total + size, 0) / 1e6,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

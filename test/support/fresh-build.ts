import { execFileSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';

const BUILT = 'dist/start.cjs';
const SOURCES = ['src/**/*.ts', 'scripts/*.mts', 'package-lock.json'];

/** Builds dist/ when a source is newer, so that no test ever runs against a stale build. */
export default function buildIfStale(): void {
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isStale = globSync(SOURCES).some((file) => statSync(file).mtimeMs > built);
  if (isStale) execFileSync(process.execPath, ['scripts/build.mts'], { stdio: 'inherit' });
}

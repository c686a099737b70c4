import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { instrumentations } from '../../instrumentations/index.js';
import type { Finding } from './finding.js';
import type { ProcessReport } from './report.js';

/** What the bundlers write into a file: webpack, esbuild, Rollup and those built on them. */
const BUNDLER = /__webpack_require__|__commonJS\s*=|__toESM\s*=|getDefaultExportFromCjs|\/\/ node_modules\//;
/** The same after minification. */
const MINIFIED = /var \w+=Object\.create;var \w+=Object\.defineProperty/;
const MAX_BYTES = 50_000_000;

/** An application in one file hides its libraries: nobody loads them. */
export function examineBundle({ cwd, argv, packages }: ProcessReport): Finding[] {
  const text = textOf(resolve(cwd, argv[1] ?? ''));
  if (!BUNDLER.test(text) && !MINIFIED.test(text)) return [];
  const loaded = new Set(packages.map(({ name }) => name));
  const hidden = patchedPackages().filter(
    (name) => !loaded.has(name) && text.includes(`node_modules/${name}/`),
  );
  const what = hidden.length > 0 ? hidden.join(', ') : 'the libraries inside it';
  return [
    {
      check: 'bundle',
      severity: 'warning',
      message: `${argv[1]} is bundled into one file: ${what} cannot be observed there`,
      fix: `keep libraries out of the bundle (esbuild: --external:${hidden[0] ?? '<package>'}, webpack: externals)`,
    },
  ];
}

/** Without the libraries of which some version also publishes on a channel: a bundle does not show its version. */
function patchedPackages(): string[] {
  const patched = instrumentations.filter(({ targets }) => targets.every((target) => !('channel' in target)));
  const names = patched.flatMap(({ targets }) =>
    targets.flatMap((target) => ('package' in target ? [target.package] : [])),
  );
  return [...new Set(names)];
}

function textOf(file: string): string {
  try {
    return statSync(file).size > MAX_BYTES ? '' : readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { join, normalize, sep } from 'node:path';
import type { Calls, Guard, PackageTarget } from '../instrumentation.js';
import { log } from '../log.js';
import { satisfies } from './versions.js';

type Load = (this: unknown, request: string, parent: unknown, ...rest: unknown[]) => unknown;

/** Where every CommonJS module comes from: for `require`, and for the `import` of a CommonJS package. */
const loader = Module as unknown as {
  _load: Load;
  _resolveFilename(request: string, parent: unknown): string;
  readonly _cache: Record<string, { readonly loaded: boolean } | undefined>;
};

/**
 * The door to installed packages: their prototypes are patched in place as soon as they are loaded, each copy of a
 * package once. A copy is found by its file name, so applications bundled into one file have none. A version out of
 * range is one line on stderr and stays as it is. Module hooks are not used: a load hook makes Node 22.15 to 24.10
 * hide the `require` of imported packages.
 */
export function attachPackage(target: PackageTarget, calls: Calls, guard: Guard): void {
  const seen = new Set<string>();
  const file = join('node_modules', normalize(`${target.package}/${target.file}`));
  const attachCopy = guard((request: string, parent: unknown, exports: unknown) => {
    const path = loader._resolveFilename(request, parent);
    if (seen.has(path) || !path.endsWith(sep + file) || loader._cache[path]?.loaded === false) return;
    seen.add(path);
    if (isSupported(target, path)) target.attach(exports, calls, guard);
  });

  const { _load } = loader;
  loader._load = function (request, parent, ...rest) {
    const exports = _load.call(this, request, parent, ...rest);
    if (typeof request === 'string' && (request === target.package || request.endsWith(file)))
      attachCopy(request, parent, exports);
    return exports;
  };
}

function isSupported({ package: name, file, versions }: PackageTarget, path: string): boolean {
  const folder = path.slice(0, -file.length);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const supported = satisfies(version, versions);
  if (!supported)
    log.warn(`${name} ${version} (${folder}): expected ${versions}; calls through it are not observed`);
  return supported;
}

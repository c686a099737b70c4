import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { normalize, sep } from 'node:path';
import type { Calls, Guard, PackageTarget } from '../instrumentation.js';
import { log } from '../log.js';
import { patch } from '../patching/patch.js';
import { satisfies } from './version-range.js';

type Load = (this: { exports: unknown }, path: string) => void;

/** What the application has loaded before it asked for Redhook, when it did so in its code. */
const { _cache: loaded } = Module as unknown as {
  _cache: Record<string, { readonly loaded: boolean; readonly exports: unknown }>;
};

/** Told of every file that is loaded. */
const listeners: ((path: string, exports: unknown) => void)[] = [];

/**
 * The door to installed packages: their prototypes are patched in place as soon as they are loaded, each copy of a
 * package once. A copy is known by its file and by the package.json above it, whatever name it was asked for by;
 * applications bundled into one file have none. A version out of range is one line on stderr and stays as it is.
 * Module hooks are not used: a load hook makes Node 22.15 to 24.10 hide the `require` of imported packages.
 */
export function attachPackage(target: PackageTarget, calls: Calls, guard: Guard): void {
  const end = sep + normalize(target.file);
  const attachCopy = guard((path: string, exports: unknown) => {
    if (path.endsWith(end) && isSupported(target, path.slice(0, -end.length)))
      target.attach(exports, calls, guard);
  });

  for (const [path, module] of Object.entries(loaded)) if (module.loaded) attachCopy(path, module.exports);
  listeners.push(attachCopy);
  if (listeners.length === 1) watchLoading();
}

/**
 * Where every CommonJS file is loaded, once: for `require`, and for the `import` of a CommonJS package. One function
 * around it, however many targets there are: it stands in the stacks of what modules throw.
 */
function watchLoading(): void {
  patch<Load>(
    Module.prototype,
    'load',
    (load) =>
      function (path) {
        load.call(this, path);
        for (const listener of listeners) listener(path, this.exports);
      },
  );
}

function isSupported({ package: wanted, versions }: PackageTarget, folder: string): boolean {
  const { name, version } = packageIn(folder);
  if (name !== wanted) return false;
  const supported = satisfies(version, versions);
  if (!supported)
    log.warn(`${name} ${version} (${folder}): expected ${versions}; calls through it are not observed`);
  return supported;
}

/** The package of a folder. Other packages may have a file of the same name deeper down, and no package.json there. */
function packageIn(folder: string): { name?: string; version: string } {
  try {
    return JSON.parse(readFileSync(`${folder}${sep}package.json`, 'utf8'));
  } catch {
    return { version: '' };
  }
}

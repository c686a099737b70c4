import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { normalize, sep } from 'node:path';
import type { Calls, PackageTarget } from '../instrumentation.js';
import { log } from '../log.js';
import { patch } from '../patching/patch.js';
import type { InstrumentationGuard } from './guard.js';
import { satisfies } from './version-range.js';

type Load = (this: { exports: unknown }, path: string) => void;

/** The modules that were loaded before Redhook. There are some if the application starts Redhook from its code. */
const { _cache: loaded } = Module as unknown as {
  _cache: Record<string, { readonly loaded: boolean; readonly exports: unknown }>;
};

/** Called for every file that is loaded. */
const listeners: ((path: string, exports: unknown) => void)[] = [];

/**
 * Attaches to an installed package: its prototypes are patched in place as soon as it is loaded, once for each copy. A
 * copy is recognized by its file and the package.json above it, under whatever name it is required; applications that
 * are bundled into one file have neither. A copy whose version is out of range is left alone, and the log says so.
 * Module hooks are not used: with a load hook, Node 22.15 to 24.10 hides the `require` of imported packages.
 */
export function attachPackage(target: PackageTarget, calls: Calls, guard: InstrumentationGuard): void {
  const end = sep + normalize(target.file);
  const attachTo = guard.attaching((exports: unknown) => target.attach(exports, calls, guard));
  const attachCopy = guard((path: string, exports: unknown) => {
    if (path.endsWith(end) && isSupported(target, path.slice(0, -end.length))) attachTo(exports);
  });

  for (const [path, module] of Object.entries(loaded)) if (module.loaded) attachCopy(path, module.exports);
  listeners.push(attachCopy);
  if (listeners.length === 1) watchLoading();
}

/**
 * Patches the one method that loads every CommonJS file, for `require` and for the `import` of a CommonJS package. All
 * targets share one wrapper, because it appears in the stack traces of errors that modules throw while they load.
 */
function watchLoading(): void {
  patch<Load>(
    Module.prototype,
    'load',
    (load) =>
      function (path) {
        load.call(this, path);
        // The application may have changed what iterators do.
        for (let i = 0; i < listeners.length; i += 1) listeners[i]?.(path, this.exports);
      },
  );
}

function isSupported({ package: wanted, versions }: PackageTarget, folder: string): boolean {
  const { name, version } = packageIn(folder);
  if (name !== wanted) return false;
  const supported = versions === undefined || satisfies(version, versions);
  if (!supported)
    log.warn(`${name} ${version} (${folder}): expected ${versions}; calls through it are not observed`);
  return supported;
}

/** The package.json of a folder. Another package may hold the same file deeper down, where it has no package.json. */
function packageIn(folder: string): { name?: string; version: string } {
  try {
    return JSON.parse(readFileSync(`${folder}${sep}package.json`, 'utf8'));
  } catch {
    return { version: '' };
  }
}

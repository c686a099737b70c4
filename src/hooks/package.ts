import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { normalize, sep } from 'node:path';
import type { Calls, PackageTarget } from '../instrumentation.js';
import { log } from '../log.js';
import { patch } from '../patching/patch.js';
import type { InstrumentationGuard } from './guard.js';
import { satisfies } from './version-range.js';

type Load = (this: object, path: string) => void;
type NodeModulePaths = (this: unknown, folder: string) => string[];

interface LoadedModule {
  readonly loaded: boolean;
  readonly exports: unknown;
}

/** All modules by their files. Some are loaded before Redhook if the application starts it from its code. */
const { _cache: cache } = Module as unknown as { _cache: Record<string, LoadedModule | undefined> };

/** A copy of a library that something is attached to. */
export interface ObservedCopy {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

const observed: ObservedCopy[] = [];
/** The same for the command that examines a process. */
const found = channel('redhook.package');

/** Called for every file that has been loaded, for some more than once. */
const listeners: ((path: string, module: LoadedModule) => void)[] = [];

/** All targets, and how the paths of their files end. */
const targets: { readonly target: PackageTarget; readonly end: string }[] = [];

/**
 * Attaches to an installed package: its prototypes are patched in place as soon as it is loaded, once for each copy. A
 * copy is recognized by its file and the package.json above it, under whatever name it is required; applications that
 * are bundled into one file have neither. A copy whose version is out of range is left alone, and the log says so.
 * Module hooks are not used: with a load hook, Node 22.15 to 24.10 hides the `require` of imported packages.
 */
export function attachPackage(target: PackageTarget, calls: Calls, guard: InstrumentationGuard): void {
  const end = sep + normalize(target.file);
  const attachTo = guard.attaching((exports: unknown) => target.attach(exports, calls, guard));
  const seen = new WeakSet<LoadedModule>();
  const attachCopy = guard((path: string, module: LoadedModule) => {
    if (!path.endsWith(end) || seen.has(module)) return;
    const folder = path.slice(0, -end.length);
    if (!mayBe(target, folder)) return;
    seen.add(module);
    if (target.exporting !== undefined && !exportsName(module, target.exporting)) return;
    if (!isSupported(target, folder)) return;
    attachTo(module.exports);
    noteObserved(folder);
  });

  listeners.push(attachCopy);
  targets.push({ target, end });
  for (const [path, module] of Object.entries(cache)) if (module?.loaded) attachCopy(path, module);
  if (listeners.length === 1) watchLoading();
}

export function observedCopies(): readonly ObservedCopy[] {
  return observed;
}

/** Several files of one copy may be targets. */
export function noteObserved(folder: string): void {
  const { name = '', version } = packageIn(folder);
  found.publish({ name, version, folder });
  if (!observed.some((copy) => copy.folder === folder)) observed.push({ name, version, folder });
}

/** The files that `load` is loading just now. */
const loading = new Set<string>();

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
        loading.add(path);
        try {
          load.call(this, path);
        } finally {
          loading.delete(path);
        }
        announce(path, this as LoadedModule);
      },
  );
  patch<NodeModulePaths>(
    Module,
    '_nodeModulePaths',
    (nodeModulePaths) =>
      function (folder) {
        if (typeof folder === 'string') watchBypassed(folder);
        return nodeModulePaths.call(this, folder);
      },
  );
}

function announce(path: string, module: LoadedModule): void {
  // The application may have changed what iterators do.
  for (let i = 0; i < listeners.length; i += 1) listeners[i]?.(path, module);
}

/**
 * Where a load hook of the application gives the source of CommonJS files, Node compiles them itself, past `load`. It
 * still asks for the paths of every module that it makes. If the file of a target waits for that one, it is watched
 * until it is complete.
 */
function watchBypassed(folder: string): void {
  for (let i = 0; i < targets.length; i += 1) {
    const { target, end } = targets[i] as (typeof targets)[number];
    const file = end.lastIndexOf(sep);
    if (!folder.endsWith(end.slice(0, file)) || !mayBe(target, folder.slice(0, folder.length - file)))
      continue;
    const path = folder + end.slice(file);
    const module = cache[path];
    // The application may have put something of its own there.
    if (module instanceof Module && Object.isExtensible(module) && !module.loaded && !loading.has(path))
      whenLoaded(module, announceAll);
  }
}

const waiting = new WeakSet<LoadedModule>();

/** Whatever loads a module reads its exports when it is complete. No other sign of that can be seen. */
function whenLoaded(module: LoadedModule, then: () => void): void {
  if (waiting.has(module)) return;
  waiting.add(module);
  let exports = module.exports;
  Object.defineProperty(module, 'exports', {
    get() {
      if (module.loaded) {
        Object.defineProperty(module, 'exports', { value: exports, writable: true, enumerable: true });
        then();
      }
      return exports;
    },
    set(value: unknown) {
      exports = value;
    },
    enumerable: true,
    configurable: true,
  });
}

/** The files that the complete one has loaded were hidden too. */
function announceAll(): void {
  const paths = Object.keys(cache);
  for (let i = 0; i < paths.length; i += 1) {
    const path = paths[i] as string;
    const module = cache[path];
    if (module?.loaded) announce(path, module);
  }
}

function exportsName({ exports }: LoadedModule, name: string): boolean {
  return typeof exports === 'object' && exports !== null && Object.hasOwn(exports, name);
}

/** What is known of folders that hold the file of a target. */
const packages = new Map<string, { name?: string; version: string }>();

/**
 * Nearly every package has an `index.js`, and reading the package.json beside each would slow a start down. So for a file
 * that is in no folder of its package, that has the package's name, or another file of it has been recognized before.
 */
function mayBe({ package: wanted, file }: PackageTarget, folder: string): boolean {
  return (
    normalize(file).includes(sep) ||
    folder.endsWith(sep + normalize(wanted)) ||
    packages.get(folder)?.name === wanted
  );
}

/** Whether the package in `folder` is that of the target, in a version that is supported. */
export function isSupported(
  { package: wanted, versions }: Pick<PackageTarget, 'package' | 'versions'>,
  folder: string,
): boolean {
  const { name, version } = packageIn(folder);
  if (name !== wanted) return false;
  const supported = versions === undefined || satisfies(version, versions);
  if (!supported)
    log.warn(`${name} ${version} (${folder}): expected ${versions}; calls through it are not observed`);
  return supported;
}

/** The package.json of a folder. Another package may hold the same file deeper down, where it has no package.json. */
function packageIn(folder: string): { name?: string; version: string } {
  const known = packages.get(folder);
  if (known !== undefined) return known;
  const found = readPackage(folder);
  packages.set(folder, found);
  return found;
}

function readPackage(folder: string): { name?: string; version: string } {
  try {
    const { name, version } = JSON.parse(readFileSync(`${folder}${sep}package.json`, 'utf8'));
    return { name, version };
  } catch {
    return { version: '' };
  }
}

import { channel } from 'node:diagnostics_channel';
import { readFileSync, statSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Calls, ModuleTarget } from '../instrumentation.js';
import type { InstrumentationGuard } from './guard.js';
import { isSupported, noteObserved } from './package.js';

interface Watched {
  readonly target: ModuleTarget;
  /** Matches the URL of the file; its group is that of the package's folder. */
  readonly url: RegExp;
  readonly attachTo: (exports: unknown) => void;
}

const watched: Watched[] = [];

/** On it the modules below hand over what a file exports. */
const loaded = channel('redhook.module');

/**
 * Attaches to a package of real ES modules, of which Node tells nobody. A resolve hook answers the import of the file by
 * a module that imports the file itself, hands its exports over and exports them again. The file keeps its URL, no source
 * passes through a load hook, and `require` is left alone. A hook slows every import down a little, so there is one only
 * where the package is installed beside the application. Import the file by an inner path: `import.meta.resolve` of the
 * package then shows nothing of this.
 */
export function attachModule(target: ModuleTarget, calls: Calls, guard: InstrumentationGuard): void {
  if (!isInstalled(target.package)) return;
  watched.push({
    target,
    url: new RegExp(`^(file:.*)/${target.module.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`),
    attachTo: guard.attaching((exports: unknown) => target.attach(exports, calls, guard)),
  });
  if (watched.length === 1) watchImports(guard);
}

/** Looks into the `node_modules` of the working directory, of the application's file, and of the folders above. */
function isInstalled(name: string): boolean {
  return startFolders().some((start) => {
    for (let folder = start; ; folder = dirname(folder)) {
      if (statSync(join(folder, 'node_modules', name), { throwIfNoEntry: false }) !== undefined) return true;
      if (folder === dirname(folder)) return false;
    }
  });
}

/** The working directory may have been removed. */
function startFolders(): string[] {
  const folder = dirname(process.argv[1] ?? '');
  try {
    return [process.cwd(), folder];
  } catch {
    return [folder];
  }
}

const STAND_IN = 'data:text/javascript,/*redhook*/';

function watchImports(guard: InstrumentationGuard): void {
  const standIn = guard((url: string, conditions: readonly string[], parent: string | undefined) => {
    // Node 22.15 has a set of them for `require`.
    if (!Array.isArray(conditions) || !conditions.includes('import') || parent?.startsWith(STAND_IN))
      return undefined;
    return watched.some((each) => each.url.test(url)) ? standInFor(url) : undefined;
  });
  loaded.subscribe(
    guard((message) => {
      const { url, exports } = message as { url: string; exports: unknown };
      for (const each of watched) {
        const folder = each.url.exec(url)?.[1];
        if (folder === undefined) continue;
        each.attachTo(exports);
        noteObserved(fileURLToPath(folder));
      }
    }),
  );
  Module.registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      const url = standIn(found.url, context.conditions, context.parentURL);
      return url === undefined ? found : { url, format: 'module', shortCircuit: true };
    },
  });
}

const standIns = new Map<string, string | undefined>();

/** The URL of the module that stands for a file. The same each time, so that it is loaded once. */
function standInFor(url: string): string | undefined {
  if (!standIns.has(url)) standIns.set(url, isTarget(url) ? urlOf(url) : undefined);
  return standIns.get(url);
}

function isTarget(url: string): boolean {
  return watched.some((each) => {
    const folder = each.url.exec(url)?.[1];
    return folder !== undefined && isSupported(each.target, fileURLToPath(folder));
  });
}

function urlOf(url: string): string {
  const file = JSON.stringify(url);
  const hasDefault = /\bexport\s+default\b|\bas default\b/.test(readFileSync(fileURLToPath(url), 'utf8'));
  const source = [
    `import * as exports from ${file};`,
    `export * from ${file};`,
    hasDefault ? `export { default } from ${file};` : '',
    `process.getBuiltinModule('node:diagnostics_channel').channel('redhook.module').publish({ url: ${file}, exports });`,
  ];
  return STAND_IN + encodeURIComponent(source.join(''));
}

// biome-ignore lint/style/useNodejsImportProtocol: an old Node does not know it.
import { readFileSync, renameSync, writeFileSync } from 'fs';
// biome-ignore lint/style/useNodejsImportProtocol: as above.
import { join } from 'path';
import type { FoundPackage, LoadedPackage, LogLine, ProcessReport } from './report.js';

const INTERVAL_MS = 200;
const MAX_LINES = 200;
const STARTED = Symbol.for('redhook.started');
/** The folder of an installed package, and its name. */
const INSTALLED = /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/;

/** Writes the report of this process, or of this thread, into `folder`, now, regularly, and when the process ends. */
export function startReport(folder: string, isTooOld: boolean): void {
  const isThread = 'disabled' in process.chdir;
  const lines = new Map<string, LogLine>();
  const attached = new Map<string, FoundPackage>();
  const modules = new Map<string, boolean>();
  const ports = new Set<number>();
  const file = join(folder, `${process.pid}${isThread ? `-${Date.now()}-${Math.random()}` : ''}.json`);

  const write = (exitCode?: number): void => {
    const report: ProcessReport = {
      pid: process.pid,
      node: process.versions.node,
      isThread,
      cwd: workingDirectory(),
      argv: process.argv,
      execArgv: process.execArgv,
      env: { ...process.env },
      isStarted: isStarted(),
      lines: [...lines.values()],
      attached: [...attached.values()],
      packages: isTooOld ? [] : loadedPackages(modules),
      ports: [...ports],
      ...(exitCode !== undefined && { exitCode }),
    };
    // A reader never sees half a report.
    writeFileSync(`${file}.tmp`, JSON.stringify(report), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  };
  const writeIfPossible = (exitCode?: number): void => {
    try {
      write(exitCode);
    } catch {
      // The folder is gone, because the examination has ended.
    }
  };

  if (!isTooOld && !isThread) observe({ lines, attached, modules, ports });
  writeIfPossible();
  if (isThread) return;
  setInterval(writeIfPossible, INTERVAL_MS).unref();
  process.on('exit', (code) => writeIfPossible(code));
}

interface Observed {
  readonly lines: Map<string, LogLine>;
  readonly attached: Map<string, FoundPackage>;
  /** The URLs of ES modules, and whether Redhook had not been started by then. */
  readonly modules: Map<string, boolean>;
  readonly ports: Set<number>;
}

function observe({ lines, attached, modules, ports }: Observed): void {
  const { subscribe } = process.getBuiltinModule('node:diagnostics_channel');
  const { registerHooks } = process.getBuiltinModule('node:module');
  subscribe('redhook.log', (message) => {
    const line = message as LogLine;
    if (lines.size < MAX_LINES) lines.set(line.line, line);
  });
  subscribe('redhook.package', (message) => {
    const found = message as FoundPackage;
    attached.set(`${found.folder} ${found.name}`, found);
  });
  subscribe('tracing:net.server.listen:asyncEnd', (message) => {
    const address = (message as { server: import('node:net').Server }).server.address();
    if (typeof address === 'object' && address !== null) ports.add(address.port);
  });
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      if (found.url.startsWith('file:') && !modules.has(found.url)) modules.set(found.url, !isStarted());
      return found;
    },
  });
}

function isStarted(): boolean {
  return STARTED in globalThis;
}

/** Empty for a URL that names no file of this machine. */
function pathOf(url: string): string {
  try {
    return process.getBuiltinModule('node:url').fileURLToPath(url);
  } catch {
    return '';
  }
}

/** The working directory may have been removed. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/** CommonJS files are cached in the order in which they are loaded. */
function loadedPackages(modules: ReadonlyMap<string, boolean>): LoadedPackage[] {
  const { _cache } = process.getBuiltinModule('node:module') as unknown as { _cache: object };
  const files = Object.keys(_cache);
  // Only the two files of Redhook stand beside each other under these names.
  const register = files.find(
    (path) => /register\.cjs$/.test(path) && files.includes(path.replace(/register\.cjs$/, 'start.cjs')),
  );
  const start = register === undefined ? -1 : files.indexOf(register);
  const found = new Map<string, LoadedPackage>();
  const add = (path: string, isEarly: boolean, isModule: boolean): void => {
    const [, folder = ''] = INSTALLED.exec(path) ?? [];
    if (found.has(folder)) return;
    const info = packageOf(path);
    if (info !== undefined) found.set(folder, { ...info, isEarly, isModule });
  };
  files.forEach((path, index) => {
    add(path, start !== -1 && index < start, false);
  });
  for (const [url, isEarly] of modules) add(pathOf(url), isEarly && isStarted(), true);
  return [...found.values()];
}

const known = new Map<string, FoundPackage | undefined>();

function packageOf(path: string): FoundPackage | undefined {
  const [, folder] = INSTALLED.exec(path) ?? [];
  if (folder === undefined) return undefined;
  if (!known.has(folder)) known.set(folder, readPackage(folder));
  return known.get(folder);
}

function readPackage(folder: string): FoundPackage | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { name, version, folder };
  } catch {
    return undefined;
  }
}

/**
 * Parts of the bundle that only some processes need, or only after their start. A chunk is one file. The source imports
 * its modules like all others; in the bundle a stub stands for each of them, which loads the chunk when one of its
 * functions is first called.
 */
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

/** The modules of each chunk, by its name. They export functions, and objects that hold data and functions. */
export type Chunks = Readonly<Record<string, readonly string[]>>;

type Options = BuildOptions & { readonly metafile: true; readonly outdir: string };

/** Packages with state: a chunk uses the copy in the bundle. Of other packages it may have its own. */
const SHARED = /^(?:src\/|scripts\/own-globals|node_modules\/@opentelemetry\/(?:api|core|resources)\/)/;
const SHARED_PREFIX = 'shared:';
/** Tells the imports that the plugin below asks about itself from those that it is asked about. */
const RESOLVING = 'resolving';

/** Builds the bundle of `entry` without the chunks, then the chunks, and lets the stubs hand them what they share. */
export async function buildWithChunks(entry: string, chunks: Chunks, options: Options): Promise<Metafile[]> {
  const { plugins = [], outdir, ...rest } = options;
  const shared = new Map(Object.keys(chunks).map((name) => [name, new Set<string>()]));
  const stubs = new Map<string, Stub>();
  for (const [name, modules] of Object.entries(chunks)) {
    for (const module of modules) {
      const exports = await exportsOf(module, options);
      stubs.set(resolve(module), { name, exports, shared: shared.get(name) ?? new Set() });
    }
  }
  const bundle = { ...options, entryPoints: [entry], plugins: [...plugins, stand(stubs)] };
  const draft = await build({ ...bundle, write: false });
  const inBundle = new Set(modulesOf(draft.metafile).filter((path) => SHARED.test(path)));

  const metafiles: Metafile[] = [];
  for (const [name, modules] of Object.entries(chunks)) {
    const { metafile } = await build({
      ...rest,
      stdin: {
        contents: contentsOf(modules.map((module) => [module, namesIn(stubs.get(resolve(module)))])),
        resolveDir: '.',
        sourcefile: `src/${name}.ts`,
      },
      outfile: join(outdir, `${name}.cjs`),
      inject: ['scripts/shared-globals.mts'],
      plugins: [...plugins, shareModules(inBundle, modules)],
    });
    for (const file of sharedIn(metafile)) shared.get(name)?.add(file);
    metafiles.push(metafile);
  }
  const { metafile } = await build(bundle);
  return [metafile, ...metafiles];
}

/**
 * The entry of a chunk. It hands its exports over by itself: what esbuild writes for `export` takes an enumerable property
 * that an application has added to `Object.prototype` for an export, too.
 */
function contentsOf(modules: readonly (readonly [module: string, names: readonly string[]])[]): string {
  return [
    ...modules.map(([module, names]) => `import { ${names} } from './${module}';`),
    `Object.assign(chunk, { ${modules.flatMap(([, names]) => names)} });`,
  ].join('\n');
}

function namesIn(stub: Stub | undefined): string[] {
  return Object.keys(stub?.exports ?? {});
}

/** What a module exports. The module runs for that, on its own. */
async function exportsOf(module: string, options: Options): Promise<Readonly<Record<string, unknown>>> {
  const { outputFiles } = await build({ ...options, entryPoints: [module], write: false });
  const code = outputFiles?.find(({ path }) => path.endsWith('.cjs'))?.text ?? '';
  const evaluated: { exports: Record<string, unknown> } = { exports: {} };
  compileFunction(code, ['module', 'require'])(evaluated, createRequire(import.meta.url));
  return evaluated.exports;
}

/** The modules of which a bundle contains anything. */
function modulesOf({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
}

/** The modules of the bundle that a chunk still asks for: not all that the packages it imports consist of. */
function sharedIn({ outputs }: Metafile): string[] {
  return Object.values(outputs)
    .flatMap(({ imports }) => imports.map(({ path }) => path))
    .filter((path) => path.startsWith(SHARED_PREFIX))
    .map((path) => path.slice(SHARED_PREFIX.length));
}

/** Inside a chunk: imports of modules that are in the bundle already stay imports, where they are used. */
function shareModules(inBundle: ReadonlySet<string>, modules: readonly string[]): Plugin {
  return {
    name: 'shared modules',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, ...args }) => {
        if (pluginData === RESOLVING || args.kind === 'entry-point') return undefined;
        const found = await build.resolve(path, { ...args, pluginData: RESOLVING });
        const file = relative('', found.path);
        if (found.external || modules.includes(file) || !inBundle.has(file)) return undefined;
        // They have run already.
        return { path: SHARED_PREFIX + file, external: true, sideEffects: false };
      });
    },
  };
}

/** What stands for a module in the bundle. */
interface Stub {
  /** Of the chunk. */
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  /** The modules of the bundle that the chunk uses, once that is known. */
  readonly shared: ReadonlySet<string>;
}

/** The modules of the bundle that any chunk uses. Stubs import it by this name. */
const SHARED_MODULES = 'shared modules';

/** Inside the bundle: stubs stand for the modules of chunks. */
function stand(stubs: ReadonlyMap<string, Stub>): Plugin {
  return {
    name: 'stubs',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${SHARED_MODULES}$`) }, ({ path }) => ({
        path,
        namespace: SHARED_MODULES,
      }));
      build.onLoad({ filter: /./, namespace: SHARED_MODULES }, () => ({
        contents: tableOf([...stubs.values()].flatMap(({ shared }) => [...shared])),
        resolveDir: resolve('.'),
      }));
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const stub = stubs.get(path);
        return stub && { contents: textOf(stub), resolveDir: resolve('.') };
      });
    },
  };
}

/** A function, because these modules may import stubs themselves. */
function tableOf(modules: readonly string[]): string {
  // Sorted, because the order in which a build meets its modules varies.
  const files = [...new Set(modules)].sort();
  return [
    ...files.map((file, i) => `import * as m${i} from './${file}';`),
    `export const shared = () => ({ ${files.map((file, i) => `'${SHARED_PREFIX}${file}': m${i}`)} });`,
  ].join('\n');
}

function textOf({ name, exports }: Stub): string {
  return [
    `import { loadChunk } from './src/load-chunk.ts';`,
    `import { shared } from '${SHARED_MODULES}';`,
    'let chunk;',
    `const load = () => (chunk ??= loadChunk('${name}', shared()));`,
    ...Object.entries(exports).map(([key, value]) => `export const ${key} = ${literal(value, `.${key}`)};`),
  ].join('\n');
}

/** Of an instrumentation. That a router has no conventions is known in the bundle too. */
const ONLY_FOR_DOCS = new Set(['observes', 'conventions']);

/** The same value, with functions that call those of the chunk. `path` leads to it from the exports of the chunk. */
function literal(value: unknown, path: string): string {
  if (typeof value === 'function') return `(...args) => load()${path}(...args)`;
  if (Array.isArray(value)) return `[${value.map((each, i) => literal(each, `${path}[${i}]`))}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([key, each]) => !ONLY_FOR_DOCS.has(key) || (Array.isArray(each) && each.length === 0))
    .map(([key, each]) => {
      const name = JSON.stringify(key);
      return `${name}: ${literal(each, `${path}[${name}]`)}`;
    });
  return `{ ${fields} }`;
}

/**
 * Parts of the bundle that only some processes need, or only after their start. A chunk is one file. The source imports
 * its modules like all others; in the bundle a stub stands for them, which loads the chunk when it is first called.
 */
import { relative, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

/** The modules of each chunk. They export functions alone, because a stub cannot stand for anything else. */
export type Chunks = Readonly<Record<string, string>>;

/** Packages with state: a chunk uses the copy in the bundle. Of other packages it may have its own. */
const SHARED = /^(?:src\/|node_modules\/@opentelemetry\/(?:api|core|resources)\/)/;
const SHARED_PREFIX = 'shared:';
/** Tells the imports that the plugin below asks about itself from those that it is asked about. */
const RESOLVING = 'resolving';

/** Builds the bundle of `entry` without the chunks, then the chunks, and lets the stubs hand them what they share. */
export async function buildWithChunks(
  entry: string,
  chunks: Chunks,
  options: BuildOptions & { readonly metafile: true },
): Promise<Metafile[]> {
  const { plugins = [] } = options;
  const exportsOf = new Map<string, readonly string[]>();
  for (const module of Object.values(chunks)) exportsOf.set(module, await namesIn(module, options));
  const nothingShared = new Map<string, ReadonlySet<string>>();
  const stubs = (sharedBy: ReadonlyMap<string, ReadonlySet<string>>): Plugin =>
    stubsFor(chunks, exportsOf, sharedBy);

  const draft = await build({
    ...options,
    entryPoints: [entry],
    plugins: [...plugins, stubs(nothingShared)],
    write: false,
  });
  const inBundle = new Set(modulesOf(draft.metafile).filter((path) => SHARED.test(path)));

  const sharedBy = new Map<string, Set<string>>();
  const metafiles: Metafile[] = [];
  for (const [name, module] of Object.entries(chunks)) {
    const shared = new Set<string>();
    sharedBy.set(module, shared);
    const { metafile } = await build({
      ...options,
      entryPoints: { [name]: module },
      plugins: [...plugins, shareModules(inBundle, module, shared)],
    });
    metafiles.push(metafile);
  }
  const { metafile } = await build({
    ...options,
    entryPoints: [entry],
    plugins: [...plugins, stubs(sharedBy)],
  });
  return [metafile, ...metafiles];
}

async function namesIn(module: string, options: BuildOptions): Promise<readonly string[]> {
  const { metafile } = await build({
    ...options,
    entryPoints: [module],
    format: 'esm',
    packages: 'external',
    write: false,
    metafile: true,
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/** The modules of which a bundle contains anything. */
function modulesOf({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
}

/** Inside a chunk: imports of modules that are in the bundle already stay imports. */
function shareModules(inBundle: ReadonlySet<string>, module: string, shared: Set<string>): Plugin {
  return {
    name: 'shared modules',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, ...args }) => {
        if (pluginData === RESOLVING || args.kind === 'entry-point') return undefined;
        const found = await build.resolve(path, { ...args, pluginData: RESOLVING });
        const file = relative('', found.path);
        if (found.external || file === module || !inBundle.has(file)) return undefined;
        shared.add(file);
        return { path: SHARED_PREFIX + file, external: true };
      });
    },
  };
}

/** Inside the bundle: a stub stands for each chunk. */
function stubsFor(
  chunks: Chunks,
  exportsOf: ReadonlyMap<string, readonly string[]>,
  sharedBy: ReadonlyMap<string, ReadonlySet<string>>,
): Plugin {
  const names = new Map(Object.entries(chunks).map(([name, module]) => [resolve(module), { name, module }]));
  return {
    name: 'chunks',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const chunk = names.get(path);
        if (chunk === undefined) return undefined;
        const { name, module } = chunk;
        // Sorted, because the order in which a build meets its modules varies.
        const shared = [...(sharedBy.get(module) ?? [])].sort();
        const lines = [
          `import { loadChunk } from '${resolve('src/load-chunk.ts')}';`,
          ...shared.map((file, i) => `import * as m${i} from '${resolve(file)}';`),
          `let chunk;`,
          `const load = () => (chunk ??= loadChunk('${name}', { ${shared.map((file, i) => `'${SHARED_PREFIX}${file}': m${i}`)} }));`,
          ...(exportsOf.get(module) ?? []).map(
            (each) => `export const ${each} = (...args) => load().${each}(...args);`,
          ),
        ];
        return { contents: lines.join('\n'), resolveDir: resolve('.') };
      });
    },
  };
}

/** Bundles applications as their authors do, each into one file beside its path from `root`. */
import { join } from 'node:path';
import { promisify } from 'node:util';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import nodeResolve from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';

type Bundler = (root: string, files: readonly string[], folder: string) => Promise<void>;

export const BUNDLERS: Readonly<Record<'esbuild' | 'rollup' | 'webpack', Bundler>> = {
  async esbuild(root, files, folder) {
    await build({
      absWorkingDir: root,
      entryPoints: [...files],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outdir: folder,
      outbase: '.',
      outExtension: { '.js': '.cjs' },
    });
  },

  async rollup(root, files, folder) {
    for (const file of files) {
      const bundle = await rollup({
        input: join(root, file),
        plugins: [nodeResolve({ preferBuiltins: true }), commonjs({ ignoreDynamicRequires: true }), json()],
        onwarn() {},
      });
      await bundle.write({ file: join(folder, file), format: 'cjs', inlineDynamicImports: true });
      await bundle.close();
    }
  },

  /** Minified, as it does by default. */
  async webpack(root, files, folder) {
    const compiler = webpack({
      mode: 'production',
      target: 'node',
      context: root,
      entry: Object.fromEntries(files.map((file) => [file, `./${file}`])),
      output: { path: folder, filename: '[name]' },
      node: { __dirname: false },
    });
    const stats = await promisify(compiler.run).call(compiler);
    await promisify(compiler.close).call(compiler);
    if (stats?.hasErrors()) throw new Error(stats.toString('errors-only'));
  },
};

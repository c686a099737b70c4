import { createRequire } from 'node:module';
import { buildSync } from 'esbuild';

// biome-ignore lint/suspicious/noExplicitAny: three major versions of undici have three sets of types.
export type Undici = any;

/** The name of each major version, and how to load it. */
export const UNDICIS: [string, () => Promise<Undici>][] = [
  ['undici 6', () => import('undici6')],
  ['undici 7', () => import('undici7')],
  ['undici 8', () => import('undici')],
  ['undici 7 in a bundle', async () => bundled('undici7')],
];

/** A copy as it is in an application that was bundled into one minified file. */
function bundled(name: string): Undici {
  const options = { bundle: true, minify: true, platform: 'node', format: 'cjs', write: false } as const;
  const { outputFiles } = buildSync({
    ...options,
    entryPoints: [createRequire(import.meta.url).resolve(name)],
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0]?.text ?? '')(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  return module.exports;
}

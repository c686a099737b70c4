// A loader on a thread of its own, as tsx and others are, that gives the source of CommonJS files too.
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (loaded.format === 'commonjs') loaded.source ??= await readFile(new URL(url));
  return loaded;
}

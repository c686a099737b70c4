/** Which chunks hold the instrumentations of libraries: one for each library. */
import { readdirSync } from 'node:fs';
import type { Chunks } from './chunks.mts';

const FOLDER = 'src/instrumentations';
const FILE = /^(?<library>.+?)(?:-client|-server|-worker)?\.ts$/;
/** What nearly every service needs: the modules of Node, and gRPC, which is observed at their streams too. */
const IN_BUNDLE = new Set(['index', 'http', 'http2', 'fetch', 'grpc']);

export function libraryChunks(): Chunks {
  const modules = readdirSync(FOLDER).filter((file) => FILE.test(file));
  const byLibrary = Object.groupBy(modules.sort(), (file) => FILE.exec(file)?.groups?.['library'] ?? '');
  return Object.fromEntries(
    Object.entries(byLibrary)
      .filter(([library]) => !IN_BUNDLE.has(library))
      .map(([library, files = []]) => [`libraries/${library}`, files.map((file) => `${FOLDER}/${file}`)]),
  );
}

/** Which chunks hold the instrumentations: one for each library, and one for HTTP/2 and what is built on it. */
import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import type { Chunks } from './chunks.mts';

const FOLDER = 'src/instrumentations';
const FILE = /^(?<library>.+?)(?:-client|-server|-worker)?\.ts$/;
/** What nearly every service needs. */
const IN_BUNDLE = new Set(['index', 'http', 'fetch']);
/** gRPC is observed at streams of HTTP/2 too, and they know of each other. */
const TOGETHER: Readonly<Record<string, string>> = { grpc: 'http2' };

export function libraryChunks(): Chunks {
  const modules = readdirSync(FOLDER).filter((file) => FILE.test(file));
  const byLibrary = Object.groupBy(modules.sort(), (file) => {
    const library = FILE.exec(file)?.groups?.['library'] ?? '';
    return TOGETHER[library] ?? library;
  });
  return Object.fromEntries(
    Object.entries(byLibrary)
      .filter(([library]) => !IN_BUNDLE.has(library))
      .map(([library, files = []]) => [
        isBuiltin(library) ? library : `libraries/${library}`,
        files.map((file) => `${FOLDER}/${file}`),
      ]),
  );
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Functions, and objects that hold some. */
type Exports = Readonly<Record<string, unknown>>;

const loaded = new Map<string, Exports>();

/**
 * Loads a chunk of the bundle (see `scripts/chunks.mts`), once. It does not go through the module system, where hooks and
 * mocks of the application would see it.
 *
 * @param shared the modules of the bundle that the chunk uses, by the names under which it requires them.
 */
export function loadChunk(name: string, shared: Readonly<Record<string, object>>): Exports {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const { compileFunction } = process.getBuiltinModule('node:vm');
  const filename = join(__dirname, `${name}.cjs`);
  const run = compileFunction(readFileSync(filename, 'utf8'), ['chunk', 'require'], { filename });
  const chunk: Exports = {};
  const require = (id: string): unknown => shared[id] ?? process.getBuiltinModule(id);
  run(chunk, require);
  loaded.set(name, chunk);
  return chunk;
}

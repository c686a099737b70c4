import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Exports = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/**
 * Loads a chunk of the bundle (see `scripts/chunks.mts`). It does not go through the module system, where hooks and
 * mocks of the application would see it.
 *
 * @param shared the modules of the bundle that the chunk uses, by the names under which it requires them.
 */
export function loadChunk(name: string, shared: Readonly<Record<string, object>>): Exports {
  const { compileFunction } = process.getBuiltinModule('node:vm');
  const filename = join(__dirname, `${name}.cjs`);
  const run = compileFunction(readFileSync(filename, 'utf8'), ['module', 'require'], { filename });
  const module: { exports: Exports } = { exports: {} };
  const require = (id: string): unknown => shared[id] ?? process.getBuiltinModule(id);
  run(module, require);
  return module.exports;
}

import type { BuiltinTarget, Calls } from '../instrumentation.js';
import { whenBuiltinIsUsed } from './builtin-use.js';
import type { InstrumentationGuard } from './guard.js';

/** A start needs these itself, or they cost nothing. */
const LOADED = new Set<string>(['node:console', 'node:http']);

/**
 * Attaches to a built-in module of Node. Prototypes are patched in place and no export is replaced, so CommonJS and
 * ESM importers see the same objects, whenever they import.
 */
export function attachBuiltin(target: BuiltinTarget, calls: Calls, guard: InstrumentationGuard): void {
  const attach = guard.attaching(() => target.attach(process.getBuiltinModule(target.builtin), calls, guard));
  // Loading HTTP/2 or TLS takes Node 5 to 16 ms, so only an application that uses it pays for it.
  if (LOADED.has(target.builtin)) attach();
  else whenBuiltinIsUsed(target.builtin, attach);
}

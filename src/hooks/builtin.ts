import type { BuiltinTarget, Calls, Guard } from '../instrumentation.js';
import { whenBuiltinIsUsed } from './builtin-use.js';

/**
 * The door to Node's own modules: prototypes are patched in place. No export is replaced, so CommonJS and ESM
 * importers, early or late, see the same objects.
 */
export function attachBuiltin(target: BuiltinTarget, calls: Calls, guard: Guard): void {
  const attach = guard(() => target.attach(process.getBuiltinModule(target.builtin), calls, guard));
  // To load HTTP/2 or TLS takes Node 5 to 16 ms: only an application that uses it shall wait for it.
  if (target.builtin === 'node:http') attach();
  else whenBuiltinIsUsed(target.builtin, attach);
}

import type { BuiltinTarget, Calls, Guard } from '../instrumentation.js';

/**
 * The door to Node's own modules: prototypes are patched in place. No export is replaced, so CommonJS and ESM
 * importers, early or late, see the same objects.
 */
export function attachBuiltin(target: BuiltinTarget, calls: Calls, guard: Guard): void {
  target.attach(process.getBuiltinModule(target.builtin), calls, guard);
}

import Module from 'node:module';
import { sep } from 'node:path';
import type { Instrumentation } from '../instrumentation.js';
import { isBuiltinLoaded } from './builtin-use.js';

const { _cache: cache } = Module as unknown as { _cache: Record<string, unknown> };

/**
 * Whether an instrumentation may come too late: objects of its library exist, or nothing tells. Only packages of CommonJS
 * and the modules of Node can be seen.
 */
export function mayBeLoaded({ targets }: Instrumentation): boolean {
  return targets.some((target) => {
    if ('builtin' in target) return isBuiltinLoaded(target.builtin);
    if (!('package' in target) || 'module' in target) return true;
    const folder = `${sep}node_modules${sep}${target.package.replaceAll('/', sep)}${sep}`;
    return Object.keys(cache).some((path) => path.includes(folder));
  });
}

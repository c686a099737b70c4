import type { Report } from '../diagnostic.js';
import type { Env } from './substitute.js';

const QUOTED = /^\s*(["'])((?:(?!\1).)*)\1\s*$/s;

/**
 * The environment with the quotes around the values of these variables taken off. `docker --env-file` keeps them,
 * and no value means them.
 */
export function withoutQuotes(env: Env, names: Iterable<string>, report: Report): Env {
  const unquoted: Record<string, string> = {};
  for (const name of names) {
    const [, , value] = QUOTED.exec(env[name] ?? '') ?? [];
    if (value === undefined) continue;
    unquoted[name] = value;
    const now = 'using what is inside them';
    report({ severity: 'warn', where: name, found: 'quotes around the value', expected: 'none', now });
  }
  return Object.keys(unquoted).length === 0 ? env : { ...env, ...unquoted };
}

import type { Switchable } from '../instrumentation.js';
import { buildConfig } from './build.js';
import type { Config } from './config.js';
import type { Diagnostic, Report } from './diagnostic.js';
import { packageName } from './service-name.js';
import { type ConfigFile, readConfigFile } from './source/file.js';
import { isShortForm } from './source/format.js';
import { valuesBelow } from './source/short-form.js';
import type { SourceNode } from './source/source-node.js';
import type { Env } from './source/substitute.js';
import { parseYaml } from './source/yaml.js';

export interface Surroundings {
  readonly env: Env;
  readonly cwd: string;
  /** As `process.argv`: the second is the main script. */
  readonly argv?: readonly string[];
}

export interface LoadedConfig {
  /** Complete and deeply frozen, whatever was wrong. */
  readonly config: Config;
  /** Everything that was wrong, in the order of the file, each cause once. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Finds, reads and checks the configuration: defaults, then the file, then the `OTEL_*` environment. It does not
 * throw: what cannot be used is a problem, and the value is what it would have been without it.
 */
export function loadConfig(
  switchable: readonly Switchable[],
  { env, cwd, argv }: Surroundings = thisProcess(),
): LoadedConfig {
  const diagnostics = new Map<string, Diagnostic>();
  const report: Report = (diagnostic) => {
    const cause = JSON.stringify([diagnostic.where, diagnostic.found, diagnostic.expected]);
    if (!diagnostics.has(cause)) diagnostics.set(cause, diagnostic);
  };
  const file = readConfigFile(env, cwd, report);
  const values = file && valuesOf(file, env, report);
  const config = buildConfig(
    { env, switchable, file: values ?? new Map(), report },
    packageName(cwd, argv?.[1]),
  );
  return {
    config: deepFreeze(config),
    diagnostics: [...diagnostics.values()].sort(byPosition),
  };
}

/** The only place where Redhook looks at the process for its configuration. */
function thisProcess(): Surroundings {
  return { env: process.env, cwd: process.cwd(), argv: process.argv };
}

function valuesOf(file: ConfigFile, env: Env, report: Report): Map<string, SourceNode> | undefined {
  const tree = parseYaml(file.text, file.name, env, report);
  return tree && isShortForm(tree, report) ? valuesBelow('', tree, report) : undefined;
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  return a.where.localeCompare(b.where, 'en', { numeric: true });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

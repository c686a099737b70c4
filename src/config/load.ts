import type { Switchable } from '../instrumentation.js';
import { buildConfig } from './build.js';
import type { Config } from './config.js';
import type { Diagnostic, Report } from './diagnostic.js';
import { withPm2Variables } from './pm2.js';
import { packageName } from './service-name.js';
import { type ConfigFile, readConfigFile } from './source/file.js';
import { isShortForm } from './source/format.js';
import { withoutQuotes } from './source/quotes.js';
import { valuesBelow } from './source/short-form.js';
import type { SourceNode } from './source/source-node.js';
import type { Env } from './source/substitute.js';
import { parseYaml } from './source/yaml.js';
import { reportUnusedVariables, USED } from './variables.js';

export interface ProcessContext {
  readonly env: Env;
  readonly cwd: string;
  /** In the form of `process.argv`: the second item is the main script. */
  readonly argv?: readonly string[];
}

export interface LoadedConfig {
  /** Always complete and deeply frozen. */
  readonly config: Config;
  /** Each cause once, sorted by position. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Loads the configuration: the defaults, overridden by the file, overridden by the `OTEL_*` environment. It never
 * throws: an invalid value is reported and then treated as unset.
 */
export function loadConfig(
  switchable: readonly Switchable[],
  { env: given, cwd, argv }: ProcessContext = currentProcess(),
): LoadedConfig {
  const diagnostics = new Map<string, Diagnostic>();
  const report: Report = (diagnostic) => {
    // Both signals may read the same variable, with a different `now`: that is one cause.
    const cause = JSON.stringify({ ...diagnostic, now: undefined });
    if (!diagnostics.has(cause)) diagnostics.set(cause, diagnostic);
  };
  const env = withPm2Variables(given, argv?.[1]);
  const unquoted = withoutQuotes(env, USED, report);
  const file = readConfigFile(unquoted, cwd, report);
  const values = file && valuesOf(file, env, report);
  const config = buildConfig(
    { env: unquoted, switchable, file: values ?? new Map(), report },
    packageName(cwd, argv?.[1], unquoted),
  );
  if (config.enabled) reportUnusedVariables(env, report);
  return {
    config: deepFreeze(config),
    diagnostics: [...diagnostics.values()].sort(byPosition),
  };
}

/** The only place that takes configuration from the running process. */
function currentProcess(): ProcessContext {
  return { env: process.env, cwd: workingDirectory(), argv: process.argv };
}

/** An application may outlive the folder that it was started in. It then has no file there, and no package. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
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

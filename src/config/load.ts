import type { Switchable } from '../instrumentation.js';
import { buildConfig } from './build.js';
import type { Config } from './config.js';
import type { Diagnostic, Report } from './diagnostic.js';
import { readOfficialForm } from './official/official-form.js';
import { officialOrigins } from './official/origins.js';
import { collectOrigins, type Origins } from './origins.js';
import { withPm2Variables } from './pm2.js';
import { packageName } from './service-name.js';
import { type ConfigFile, readConfigFile } from './source/file.js';
import { formOf } from './source/format.js';
import { withoutQuotes } from './source/quotes.js';
import { valuesBelow } from './source/short-form.js';
import type { Env } from './source/substitute.js';
import { parseYaml } from './source/yaml.js';
import { reportOverruledVariables, reportUnusedVariables, USED } from './variables.js';

export interface ProcessContext {
  readonly env: Env;
  readonly cwd: string;
  /** In the form of `process.argv`: the second item is the main script. */
  readonly argv?: readonly string[];
}

export interface LoadedConfig {
  /** Always complete and deeply frozen. */
  readonly config: Config;
  readonly origins: Origins;
  /** Each cause once, sorted by position. */
  readonly diagnostics: readonly Diagnostic[];
  /** The file that was read, if there was one. */
  readonly file?: LoadedFile;
}

export interface LoadedFile extends ConfigFile {
  /** Loads the configuration once more, with the environment and the folder of the first time. */
  reload(): LoadedConfig;
}

/**
 * Loads the configuration: the defaults, overridden by the file, overridden by the `OTEL_*` environment. With a file in
 * OpenTelemetry's declarative form, that file alone counts. It never throws: an invalid value is reported and then treated
 * as unset.
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
  const collected = collectOrigins();
  const { observe } = collected;
  const context = {
    env: unquoted,
    switchable,
    packageName: packageName(cwd, argv?.[1], unquoted),
    report,
    observe,
  };
  const file = readConfigFile(unquoted, cwd, report);
  const unset: Diagnostic[] = [];
  const reportUnset: Report = (diagnostic) => unset.push(diagnostic);
  const tree = file && parseYaml(file.text, file.name, env, { report, reportUnset });
  const form = tree && formOf(tree, report);
  // Files in OpenTelemetry's form refer to every variable that may be set.
  if (form !== 'official') unset.forEach(report);
  const official = tree && form === 'official' ? readOfficialForm(tree, context) : undefined;
  const values = tree && form === 'short' ? valuesBelow('', tree, report) : new Map();
  const config = official ?? buildConfig({ ...context, file: values }, context.packageName);
  if (config.enabled) {
    if (file && official) reportOverruledVariables(env, file, report);
    else reportUnusedVariables(env, report);
  }
  return {
    config: deepFreeze(config),
    origins: tree && official ? officialOrigins(tree, switchable, collected) : collected,
    diagnostics: [...diagnostics.values()].sort(byPosition),
    ...(file && { file: reloadable(file, switchable, { env: given, cwd, ...(argv && { argv }) }) }),
  };
}

/** The application may change its environment and its arguments, which then hold for what it starts. */
function reloadable(
  file: ConfigFile,
  switchable: readonly Switchable[],
  { env, cwd, argv }: ProcessContext,
): LoadedFile {
  const context = { env: { ...env }, cwd, ...(argv && { argv: [...argv] }) };
  return { ...file, reload: () => loadConfig(switchable, context) };
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

function byPosition(a: Diagnostic, b: Diagnostic): number {
  return a.where.localeCompare(b.where, 'en', { numeric: true });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

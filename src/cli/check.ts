import { parseArgs } from 'node:util';
import { type Diagnostic, formatDiagnostic, type Severity } from '../config/diagnostic.js';
import { excerptsOf } from '../config/excerpt.js';
import type { LoadedConfig } from '../config/load.js';
import { type Command, FINE, FOUND_ERRORS, onlyFile, print } from './command.js';
import { loadAsApplication } from './load.js';

const NO_FILE = 'no configuration file: the environment and the defaults apply';

export const check: Command = {
  summary: 'reports every problem of a configuration file and of the environment',
  help: `redhook check [FILE]

Reads FILE (by default the file that an application started here would read) and the OTEL_* environment, and prints
every problem with the line that it is in. Values that may be secrets are hidden.

Exit codes: 0 without errors, 1 if there is an error, 2 for a wrong command line.`,
  run(args) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
    const loaded = loadAsApplication(onlyFile(positionals));
    for (const problem of describeDiagnostics(loaded)) print(problem);
    print(summaryOf(loaded));
    return loaded.diagnostics.some(({ severity }) => severity === 'error') ? FOUND_ERRORS : FINE;
  },
};

/** Each diagnostic, with an excerpt of the file where it is about one. */
function describeDiagnostics({ diagnostics, file }: LoadedConfig): string[] {
  const excerptAt = file === undefined ? () => undefined : excerptsOf(file);
  return diagnostics.map((diagnostic) => {
    const line = `${diagnostic.severity} ${formatDiagnostic(diagnostic)}`;
    const excerpt = excerptAt(diagnostic.where);
    return excerpt === undefined ? line : `${line}\n${excerpt}\n`;
  });
}

function summaryOf({ diagnostics, file }: LoadedConfig): string {
  const what = file === undefined ? NO_FILE : file.name;
  if (diagnostics.length === 0) return `${what}: no problems`;
  return `${what}: ${count(diagnostics, 'error', 'errors')}, ${count(diagnostics, 'warn', 'warnings')}, ${count(diagnostics, 'info', 'notes')}`;
}

function count(diagnostics: readonly Diagnostic[], severity: Severity, plural: string): string {
  const { length } = diagnostics.filter((each) => each.severity === severity);
  return `${length} ${length === 1 ? plural.slice(0, -1) : plural}`;
}

import { parseArgs } from 'node:util';
import { formatDiagnostic } from '../config/diagnostic.js';
import { type Command, FINE, FOUND_ERRORS, onlyFile, print, UsageError } from './command.js';
import { loadAsApplication } from './load.js';
import { officialForm } from './official-form.js';
import { shortForm } from './short-form.js';

export const config: Command = {
  summary: 'prints the effective configuration, and where each value comes from',
  help: `redhook config [FILE] [--as official]

Prints the configuration that an application started here would have, as a file in the short form. The comment behind
each value is its origin: default, a variable, or file:line:column. Headers and passwords are redacted.

  --as official  prints the equivalent file in the declarative configuration of OpenTelemetry instead

Problems are lines on stderr. Exit codes: 0 without errors, 1 if there is an error, 2 for a wrong command line.`,
  run(args) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { as: { type: 'string', default: 'short' } },
    });
    if (values.as !== 'short' && values.as !== 'official')
      throw new UsageError(`--as takes "short" or "official", and not "${values.as}"`);
    const loaded = loadAsApplication(onlyFile(positionals));
    for (const diagnostic of loaded.diagnostics)
      process.stderr.write(`redhook: ${diagnostic.severity} ${formatDiagnostic(diagnostic)}\n`);
    print(values.as === 'official' ? officialForm(loaded.config) : shortForm(loaded));
    return loaded.diagnostics.some(({ severity }) => severity === 'error') ? FOUND_ERRORS : FINE;
  },
};

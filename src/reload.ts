import type { Config } from './config/config.js';
import { type Diagnostic, formatDiagnostic, type Problem } from './config/diagnostic.js';
import type { LoadedConfig, LoadedFile } from './config/load.js';
import type { Origins } from './config/origins.js';
import { reloaded } from './config/reload.js';
import { readSmallFile } from './config/source/file.js';
import type { Gauge } from './instrumentation.js';
import { log, reason } from './log.js';

export interface ReloadOptions {
  readonly file: LoadedFile;
  /** Those of the start. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where the settings in force stand. They are replaced all at once. */
  readonly settings: { current: Config; origins: Origins };
  /** Attaches the instrumentations that have been turned on. Returns the names of those for which it is too late. */
  attachMissing(): readonly string[];
  addGauge(gauge: Gauge): void;
}

const STAYS = 'the settings from before stay';

/**
 * Returns a function that looks whether the file has changed, and if so brings it into force. A file with an error changes
 * nothing: half of what its author meant may be worse than what was there before.
 */
export function followFile({
  file,
  diagnostics,
  settings,
  attachMissing,
  addGauge,
}: ReloadOptions): () => void {
  let seen: string | undefined = file.text;
  let isAccepted = errorsIn(diagnostics, file.name).length === 0;
  let acceptedAt = Date.now();

  addGauge({
    name: 'redhook.config.last_reload_successful',
    description: 'Whether the configuration file in its last state is in force.',
    unit: '',
    read: () => [{ value: isAccepted ? 1 : 0, attributes: {} }],
  });
  addGauge({
    name: 'redhook.config.last_reload_success_timestamp',
    description: 'When the configuration file was last brought into force.',
    unit: 's',
    read: () => [{ value: acceptedAt / 1000, attributes: {} }],
  });

  function load(): void {
    const next = file.reload();
    const errors = errorsIn(next.diagnostics, file.name);
    isAccepted = next.file !== undefined && errors.length === 0;
    if (isAccepted) {
      accept(next);
      acceptedAt = Date.now();
    } else {
      for (const error of errors) log.change('error', formatDiagnostic({ ...error, now: STAYS }));
      if (errors.length === 0) log.change('error', `${file.name}: the file is gone; ${STAYS}`);
    }
  }

  function accept({ config: next, origins, diagnostics }: LoadedConfig): void {
    for (const diagnostic of diagnostics) log[diagnostic.severity](formatDiagnostic(diagnostic));
    const { config, changed, pending } = reloaded(settings.current, next);
    settings.current = config;
    settings.origins = origins;
    log.setLevel(config.logLevel);
    const late = attachMissing();
    log.change('info', `${file.name}: reloaded; ${changed.join(', ') || 'nothing'} changed`);
    const waiting = [...pending, ...late.map((name) => `instrumentations.${name}`)];
    if (waiting.length > 0) log.change('warn', `${file.name}: a restart is needed for ${waiting.join(', ')}`);
  }

  return () => {
    const text = read(file.path);
    if (text === seen) return;
    seen = text;
    try {
      load();
    } catch (error) {
      isAccepted = false;
      log.change('error', `${file.name}: not reloaded: ${reason(error)}; ${STAYS}`);
    }
  };
}

/** The errors of the file. Those of the environment are what they were, and were reported. */
function errorsIn(diagnostics: readonly Diagnostic[], file: string): Problem[] {
  return diagnostics
    .filter((each) => 'found' in each)
    .filter(
      ({ severity, where }) => severity === 'error' && (where === file || where.startsWith(`${file}:`)),
    );
}

function read(path: string): string | undefined {
  try {
    return readSmallFile(path);
  } catch {
    return undefined;
  }
}

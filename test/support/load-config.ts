import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatDiagnostic } from '../../src/config/diagnostic.js';
import { type LoadedConfig, loadConfig } from '../../src/config/load.js';
import { switchable } from '../../src/instrumentations/index.js';

export type Loaded = LoadedConfig & {
  /** The diagnostics as `severity line`. */
  lines: string[];
};

/** Loads the configuration of an application named `app` with this otel-autoconf.yaml and this environment. */
export function load(yaml?: string, env: Record<string, string> = {}): Loaded {
  const files = yaml === undefined ? {} : { 'otel-autoconf.yaml': yaml };
  return inFolder({ 'package.json': '{"name":"app"}', ...files }, (cwd) => loadIn(cwd, env));
}

export function loadIn(cwd: string, env: Record<string, string> = {}, argv: string[] = []): Loaded {
  const loaded = loadConfig(switchable, { env, cwd, argv });
  const lines = loaded.diagnostics.map(
    (diagnostic) => `${diagnostic.severity} ${formatDiagnostic(diagnostic)}`,
  );
  return { ...loaded, lines };
}

/** Runs `use` with a temporary folder that contains these files. */
export function inFolder<T>(files: Record<string, string>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-config-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { type LoadedConfig, loadConfig } from '../config/load.js';
import { switchable } from '../instrumentations/index.js';

/** Loads the configuration as an application would that is started here, in this environment, with this file. */
export function loadAsApplication(file?: string): LoadedConfig {
  const env = file === undefined ? process.env : { ...process.env, REDHOOK_CONFIG_FILE: file };
  return loadConfig(switchable, { env, cwd: process.cwd() });
}

import { join } from 'node:path';
import { parseConfigFile } from '@opentelemetry/configuration';
import { inFolder } from './load-config.js';

/** What the parser of OpenTelemetry says against a file, if anything. */
export function officialObjection(yaml: string): string | undefined {
  return inFolder({ 'otel.yaml': yaml }, (folder) => {
    try {
      parseConfigFile(join(folder, 'otel.yaml'));
      return undefined;
    } catch (error) {
      return String(error);
    }
  });
}

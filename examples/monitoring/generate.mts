/** Writes the dashboards and the recording rules. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './src/files.mts';

for (const [path, text] of generatedFiles()) writeFileSync(join(import.meta.dirname, path), text);

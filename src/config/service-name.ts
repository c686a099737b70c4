import { dirname, join, resolve } from 'node:path';
import { readSmallFile } from './source/file.js';

/** The name in the nearest package.json that has one, upwards from the main script or else the working directory. */
export function packageName(cwd: string, script: string | undefined): string | undefined {
  let folder = script === undefined ? cwd : dirname(resolve(cwd, script));
  for (;;) {
    const name = nameIn(join(folder, 'package.json'));
    if (name !== undefined) return name;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

function nameIn(file: string): string | undefined {
  try {
    const { name } = JSON.parse(readSmallFile(file)) as { name?: unknown };
    return typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined;
  } catch {
    // There is no readable package.json here. A parent folder may have one.
    return undefined;
  }
}

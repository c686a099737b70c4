/** The software bill of materials: the packages of which the bundle contains anything, as CycloneDX. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** The same bundle gives the same file: it holds no time and no random number. */
export function writeSbom(metafiles: readonly Metafile[], file: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-sbom-'));
  const metafile = join(folder, 'metafile.json');
  const inputs = filesIn(Object.assign({}, ...metafiles.map((each) => each.inputs)));
  const outputs = Object.fromEntries(
    metafiles
      .flatMap((each) => Object.entries(each.outputs))
      .map(([path, output]) => [path, { ...output, inputs: filesIn(output.inputs) }]),
  );
  writeFileSync(metafile, JSON.stringify({ inputs, outputs }));
  try {
    const args = ['--output-reproducible', '--mc-type', 'library', '-o', file, metafile];
    execFileSync('cyclonedx-esbuild', args, { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The modules that are files. The entry of a chunk with several modules is none, and no component either. */
function filesIn<T>(inputs: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(inputs).filter(([path]) => existsSync(path)));
}

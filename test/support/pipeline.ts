/** The pipeline of examples/, run against a recorder. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { NODES } from './app.js';
import type { DaggerRecorder } from './dagger-recorder.js';

const FOLDER = resolve('examples/pipeline');
/** Beside its packages. Node cannot run decorators as they are. */
const CACHE = join(FOLDER, 'node_modules/.cache/redhook');
const DRIVER = join(CACHE, 'driver.mjs');

export async function buildPipeline(): Promise<void> {
  await build({
    entryPoints: [join(FOLDER, 'src/index.ts')],
    tsconfig: join(FOLDER, 'tsconfig.json'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: join(CACHE, 'pipeline.mjs'),
  });
  writeFileSync(
    DRIVER,
    `import { connection, dag } from '@dagger.io/dagger';
import { RedhookPipeline } from './pipeline.mjs';
const [name, folder, ...args] = JSON.parse(process.argv[2]);
await connection(async () => {
  const result = await new RedhookPipeline()[name](dag.host().directory(folder), ...args);
  console.log(JSON.stringify(result?.id === undefined ? result : await result.id()));
});
`,
  );
}

/** Calls a function of the pipeline. Returns what it returns, or the id of the graph that it returns. */
export async function callPipeline(
  { port }: DaggerRecorder,
  name: string,
  folder: string,
  ...args: unknown[]
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    NODES['24'],
    [DRIVER, JSON.stringify([name, folder, ...args])],
    {
      env: { PATH: process.env['PATH'], DAGGER_SESSION_PORT: String(port), DAGGER_SESSION_TOKEN: 'recorder' },
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null');
}

/**
 * Builds dist/: one CommonJS file for the flag, one for what every process needs, one for the worker that flushes at
 * exit, three for the command `redhook`, and the chunks; beside them the list of what they contain, and a folder to copy into containers.
 *
 * - `--dev`: the files can be read and debugged
 * - `--outdir`: another folder than dist/
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { buildWithChunks } from './chunks.mts';
import { libraryChunks } from './library-chunks.mts';
import { writeSbom } from './sbom.mts';
import { withoutModuleHooks } from './without-module-hooks.mts';

const {
  values: { dev, outdir },
} = parseArgs({
  options: { dev: { type: 'boolean', default: false }, outdir: { type: 'string', default: 'dist' } },
});

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outdir,
  // Loaders of applications may take every `.js` file for an ES module.
  outExtension: { '.js': '.cjs' },
  legalComments: 'none',
  metafile: true,
  sourcemap: dev ? 'linked' : false,
  // The ES modules of packages: of those only what is used becomes part of the bundle.
  mainFields: ['module', 'main'],
  conditions: ['module', 'import'],
} satisfies BuildOptions;

/** What a start without a configuration file, and a process that measures nothing, shall not load. */
const PARTS = {
  yaml: ['src/config/source/yaml.ts'],
  'traces-for-people': ['src/telemetry/console/console.ts', 'src/telemetry/live/live-traces.ts'],
  'call-views': ['src/telemetry/metrics/call-views.ts'],
  'effective-config': ['src/config/effective.ts'],
  'official-form': ['src/config/official/official-form.ts', 'src/config/official/origins.ts'],
  'vendor-propagators': ['src/telemetry/vendor-propagators.ts'],
  rules: ['src/config/types/rule-list.ts', 'src/telemetry/traces/rules.ts'],
  'config-reload': ['src/reload.ts', 'src/hooks/may-be-loaded.ts'],
  keeper: ['src/telemetry/traces/keeper.ts'],
  cluster: ['src/telemetry/cluster/part.ts'],
  threads: ['src/threads/lead.ts', 'src/threads/follow.ts'],
  'prometheus-page': ['src/telemetry/prometheus/request-handler.ts'],
  discovery: ['src/telemetry/prometheus/discovery.ts'],
  'otlp-spans': ['src/telemetry/otlp/span-output.ts'],
  'otlp-transport': ['src/telemetry/otlp/transport/sender.ts'],
  exposition: ['src/telemetry/metrics/parse-exposition.ts'],
  'metrics-sdk': ['src/telemetry/metrics/metrics-sdk.ts'],
  'tracer-provider': ['src/telemetry/traces/tracer-provider.ts'],
  'sdk-serializers': ['src/telemetry/otlp/encoding/sdk-serializers.ts'],
};

/** The rest is a file of its own, which a Node that is too old never reads. */
const startApart: Plugin = {
  name: 'start apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/start\.js$/ }, () => ({ path: './start.cjs', external: true }));
    onResolve({ filter: /^\.\/register\.js$/ }, () => ({ path: './register.cjs', external: true }));
    onResolve({ filter: /^\.\/cli\/main\.js$/ }, () => ({ path: './commands.cjs', external: true }));
  },
};

/** Unused, but because it is imported on demand, esbuild would wrap every module that it depends on: most of the API. */
const noMachineId: Plugin = {
  name: 'no machine id',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]getMachineId\.mjs$/ }, () => ({
      contents: 'export async function getMachineId() {}',
    }));
  },
};

/** The documentation is made of the sources; a start has no use for it. */
const noDocs: Plugin = {
  name: 'no docs',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]config[\\/]settings\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^ *doc: .*,$/gm, "doc: '',"),
      loader: 'ts',
    }));
  },
};

rmSync(outdir, { recursive: true, force: true });
// The first files must be understood by every Node, however old, so that they can say what is missing.
await build({
  ...common,
  entryPoints: ['src/register.ts', 'src/cli.ts', 'src/report.ts'],
  target: 'node12',
  plugins: [startApart],
});
const modern = {
  ...common,
  minify: !dev,
  inject: ['scripts/own-globals.mts'],
  target: 'node22.15',
  alias: withoutModuleHooks,
  plugins: [noMachineId, noDocs],
} satisfies BuildOptions;
const metafiles = [
  ...(await buildWithChunks('src/start.ts', { ...PARTS, ...libraryChunks() }, modern)),
  (await build({ ...modern, entryPoints: ['src/telemetry/otlp/flush-worker.ts'] })).metafile,
  (await build({ ...modern, entryPoints: { commands: 'src/cli/main.ts' } })).metafile,
];
write('register.d.ts', 'export {};\n');
// The path that people write by hand.
write('register.js', "require('./register.cjs');\n");
cpSync('src/telemetry/live/assets', join(outdir, 'live'), { recursive: true });
write('THIRD-PARTY-LICENSES.txt', licences(metafiles));
writeSbom(metafiles, join(outdir, 'sbom.cdx.json'));
copyForContainers(join(outdir, 'autoinstrumentation'));

function write(file: string, text: string): void {
  writeFileSync(join(outdir, file), text);
}

/** The folder that the OpenTelemetry Operator and others copy or mount, and the file in it that they `--require`. */
function copyForContainers(folder: string): void {
  mkdirSync(folder);
  for (const entry of readdirSync(outdir)) {
    if (/^(libraries|live)$|\.(cjs|js|txt|json)$/.test(entry))
      cpSync(join(outdir, entry), join(folder, entry), { recursive: true });
  }
  cpSync('LICENSE', join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'autoinstrumentation.js'), "require('./register.cjs');\n");
  const { name, version, license } = JSON.parse(readFileSync('package.json', 'utf8'));
  const main = 'autoinstrumentation.js';
  // With a package.json of its own, nothing above the folder says what kind of modules its files are.
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'commonjs', main }, undefined, 2)}\n`,
  );
}

/** The licence of every package that is part of the bundle, as these licences ask for. */
function licences(metafiles: readonly Metafile[]): string {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders)]
    .filter((folder) => folder !== undefined)
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
      return `${name} ${version} (${license})\n\n${textOf(folder)}`;
    })
    .join(`\n${'-'.repeat(80)}\n`);
}

function textOf(folder: string): string {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']) {
    try {
      return readFileSync(`${folder}/${name}`, 'utf8');
    } catch {
      // The next name may exist.
    }
  }
  return '(the package carries no licence text)\n';
}

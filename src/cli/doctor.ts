import { parseArgs } from 'node:util';
import { type EffectiveValue, effectiveValues } from '../config/effective.js';
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { scalar } from '../config/source/source-node.js';
import { duration } from '../config/types/value.js';
import { switchable } from '../instrumentations/index.js';
import { version } from '../version.js';
import { type Command, FINE, FOUND_ERRORS, onlyFile, print, UsageError } from './command.js';
import { examineBundle } from './doctor/bundled.js';
import { examineCollectors } from './doctor/collector.js';
import { examineConfiguration } from './doctor/configuration.js';
import { type Finding, formatFinding, summaryOf } from './doctor/finding.js';
import { examineLibraries, type InstrumentationState, instrumentationStates } from './doctor/libraries.js';
import { applicationOf, examineLife, examineLoading, examineNode, loadsRedhook } from './doctor/loading.js';
import { examineMessages } from './doctor/messages.js';
import { examineOthers } from './doctor/others.js';
import { examinePage } from './doctor/page.js';
import { examinePorts } from './doctor/port.js';
import type { ProcessReport } from './doctor/report.js';
import { runApp } from './doctor/run-app.js';

/** Everything that was found, as `--json` prints it. */
interface Examination {
  readonly findings: readonly Finding[];
  readonly configuration: readonly EffectiveValue[];
  readonly instrumentations: readonly InstrumentationState[];
}

const FOR = '10s';

export const doctor: Command = {
  summary: 'says why telemetry is missing, for an application or for the environment alone',
  help: `redhook doctor [FILE] [--json]
redhook doctor [FILE] [--for 10s] [--as-is] [--json] -- node app.js

Without a command it examines the configuration (FILE, or the file that an application started here would read, and the
OTEL_* environment), the port of the metrics page, and sends a test span to the collector.

With a command it also starts the application, with the flag of Redhook if the command has none, lets it live until two
seconds after it listens, and ends it with all that it has started. It says how Redhook was loaded, which libraries
are observed and why others are not, and which other agents are there.

  --for 10s  how long the application may live at most
  --as-is    do not add the flag
  --json     print everything as JSON

Exit codes: 0 without errors, 1 if there is an error, 2 for a wrong command line.`,
  async run(args) {
    const { file, command, forMs, asIs, json } = parse(args);
    const examination =
      command.length === 0 ? await examineHere(file) : await examineApp(command, { file, forMs, asIs });
    print(json ? JSON.stringify({ version, ...examination }, undefined, 2) : report(examination.findings));
    return examination.findings.some(({ severity }) => severity === 'error') ? FOUND_ERRORS : FINE;
  },
};

function parse(args: readonly string[]) {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  const { positionals, values } = parseArgs({
    args: [...own],
    allowPositionals: true,
    options: {
      for: { type: 'string', default: FOR },
      'as-is': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const command = end === -1 ? [] : args.slice(end + 1);
  if (end !== -1 && command.length === 0) throw new UsageError('there is no command after --');
  const forMs = duration({ min: 1 }).read(scalar('--for', values.for), () => {});
  if (forMs === undefined)
    throw new UsageError(`--for takes a duration such as 10s, and not "${values.for}"`);
  return { file: onlyFile(positionals), command, forMs, asIs: values['as-is'], json: values.json };
}

/** The configuration, the port and the collector, as an application would find them that is started here. */
async function examineHere(file: string | undefined): Promise<Examination> {
  const here = { env: withFile(process.env, file), cwd: process.cwd(), argv: [] };
  const loaded = load(here);
  const { config, values } = loaded;
  const findings = [
    ...examineNode(process.versions.node),
    ...examineConfiguration(loaded),
    ...(await examinePorts(config)),
    ...(await examineCollectors(config)),
  ];
  return { findings, configuration: values, instrumentations: [] };
}

interface AppOptions {
  readonly file: string | undefined;
  readonly forMs: number;
  readonly asIs: boolean;
}

async function examineApp(
  command: readonly string[],
  { file, forMs, asIs }: AppOptions,
): Promise<Examination> {
  if (file !== undefined) process.env['REDHOOK_CONFIG_FILE'] = file;
  const isAdded = !asIs && !loadsRedhook(command, process.env['NODE_OPTIONS']);
  let page: readonly Finding[] = [];
  const run = await runApp(command, {
    forMs,
    load: isAdded,
    async beforeEnd(reports) {
      const living = applicationOf(reports);
      if (living !== undefined) page = await examinePage(load(living).config, living);
    },
  });
  const app = applicationOf(run.reports);
  const loading = [...examineLoading(run, app, isAdded), ...examineLife(run, app, forMs)];
  if (app === undefined) return { findings: loading, configuration: [], instrumentations: [] };

  const loaded = load(app);
  const { config, diagnostics, values } = loaded;
  const configuration = examineConfiguration(loaded);
  if (!config.enabled || !app.isStarted)
    return { findings: [...loading, ...configuration], configuration: values, instrumentations: [] };
  const states = instrumentationStates(app, config.instrumentations);
  const findings = [
    ...loading,
    ...configuration,
    ...page,
    ...(await examineCollectors(config)),
    ...examineLibraries(states, values),
    ...examineBundle(app),
    ...examineOthers(app),
    ...examineMessages(app, diagnostics),
  ];
  return { findings, configuration: values, instrumentations: states };
}

interface Loaded extends LoadedConfig {
  readonly values: readonly EffectiveValue[];
}

/** The configuration that a process has, and where each value comes from. */
function load({ env, cwd, argv }: Pick<ProcessReport, 'env' | 'cwd' | 'argv'>): Loaded {
  const loaded = loadConfig(switchable, { env, cwd, argv });
  return { ...loaded, values: effectiveValues(loaded.config, loaded.origins, switchable) };
}

function withFile(env: NodeJS.ProcessEnv, file: string | undefined): NodeJS.ProcessEnv {
  return file === undefined ? env : { ...env, REDHOOK_CONFIG_FILE: file };
}

function report(findings: readonly Finding[]): string {
  return [`redhook ${version} doctor`, '', ...findings.map(formatFinding), '', summaryOf(findings)].join(
    '\n',
  );
}

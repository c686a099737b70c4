import { isTooOld, OLDEST_NODE, reasonNotToStart } from '../../platform.js';
import type { Finding } from './finding.js';
import type { ProcessReport } from './report.js';
import type { Run } from './run-app.js';

const FLAG = 'node --import redhook/register app.js';
/** What loads Redhook on a command line or in NODE_OPTIONS, whatever folder it is in. */
const LOADS_REDHOOK = /redhook|autoinstrumentation|register\.cjs/;

/** The first line of an error that nobody has caught. */
const ERROR = /^(?:Uncaught )?\w*Error\b.*:/;
const MAX_QUOTED = 200;

/** Whether a command, or the environment that it runs in, loads Redhook by itself. */
export function loadsRedhook(command: readonly string[], nodeOptions = ''): boolean {
  return command.some((word) => LOADS_REDHOOK.test(word)) || LOADS_REDHOOK.test(nodeOptions);
}

/**
 * The process that is the application: one that listens, else one that Redhook was started in, and of several the last.
 * Package managers only start it.
 */
export function applicationOf(reports: readonly ProcessReport[]): ProcessReport | undefined {
  const candidates = reports.filter((report) => !report.isThread && !isPackageManager(report));
  const newestFirst = candidates.toSorted((a, b) => b.pid - a.pid);
  return (
    newestFirst.find(({ ports }) => ports.length > 0) ??
    newestFirst.find(({ isStarted }) => isStarted) ??
    newestFirst[0]
  );
}

/** Which Node it is, whether and how Redhook was loaded, and in which processes it was not. */
export function examineLoading(run: Run, app: ProcessReport | undefined, isAdded: boolean): Finding[] {
  return [
    ...(app === undefined ? [noProcess(run)] : [...examineNode(app.node), ...examineStart(app, isAdded)]),
    ...run.unreported.map(({ pid, command }) =>
      error(
        `process ${pid} (${command}) runs without Redhook: NODE_OPTIONS does not reach it`,
        `put the flag into the command that starts it: ${FLAG}`,
      ),
    ),
    ...examineThreads(run.reports),
  ];
}

export function examineNode(node: string): Finding[] {
  if (!isTooOld(node)) return [{ check: 'node', severity: 'ok', message: `Node ${node} is supported` }];
  const message = `Node ${node} is older than ${OLDEST_NODE}: Redhook does not start in it`;
  return [
    {
      check: 'node',
      severity: 'error',
      message,
      fix: `run the application with Node ${OLDEST_NODE} or later`,
    },
  ];
}

function examineStart(app: ProcessReport, isAdded: boolean): Finding[] {
  if (isTooOld(app.node)) return [];
  if (!app.isStarted) {
    const failure = app.lines.find(({ line }) => /cannot be loaded|not started/.test(line))?.line;
    return [
      error(
        `Redhook was not loaded in the application${failure === undefined ? '' : ` (${failure})`}`,
        `start it with the flag: ${FLAG}`,
      ),
    ];
  }
  const way = wayOf(app);
  if (way !== undefined || !isAdded) {
    const message = `Redhook was loaded by ${way ?? 'the code of the application'}`;
    return [{ check: 'loading', severity: 'ok', message }];
  }
  return [
    {
      check: 'loading',
      severity: 'warning',
      message: 'the command does not load Redhook; here the doctor has added the flag',
      fix: `start it with the flag: ${FLAG}`,
    },
  ];
}

/** The flag of the process, or the variable that has it. */
function wayOf({ execArgv, env }: ProcessReport): string | undefined {
  const index = execArgv.findIndex((word) => LOADS_REDHOOK.test(word));
  if (index !== -1)
    return execArgv.slice(index - (execArgv[index]?.startsWith('-') ? 0 : 1), index + 1).join(' ');
  return LOADS_REDHOOK.test(withoutReport(env['NODE_OPTIONS'])) ? 'NODE_OPTIONS' : undefined;
}

function withoutReport(nodeOptions = ''): string {
  return nodeOptions.replace(/--require "[^"]*report\.cjs"/, '');
}

function noProcess({ stderr, ended }: Run): Finding {
  const how =
    ended === undefined ? '' : `; it ended with ${ended.signal ?? `code ${ended.code}`} ${lastLine(stderr)}`;
  return error(
    `the command has started no Node process that NODE_OPTIONS reaches${how}`,
    'name a command that starts node, and let it pass the environment on',
  );
}

/** Whether the application lived, and whether it has listened. */
export function examineLife(
  { ended, stderr }: Run,
  app: ProcessReport | undefined,
  forMs: number,
): Finding[] {
  if (app === undefined) return [];
  if (ended !== undefined && ended.code !== 0) {
    return [
      error(
        `the application ended with ${ended.signal ?? `code ${ended.code}`} ${lastLine(stderr)}`.trim(),
        'mend that first: the doctor sees only what ran until then',
      ),
    ];
  }
  if (app.ports.length > 0) return [];
  const message =
    ended === undefined
      ? `the application has not listened on a port within ${forMs / 1000} s`
      : 'the application ended without having listened on a port';
  return [
    {
      check: 'life',
      severity: 'warning',
      message: `${message}: a process that serves nothing opens no metrics page at once`,
      fix: 'give it more time with --for 60s, or push its metrics with OTEL_METRICS_EXPORTER=otlp',
    },
  ];
}

function examineThreads(reports: readonly ProcessReport[]): Finding[] {
  const threads = reports.filter(({ isThread }) => isThread).length;
  if (threads === 0) return [];
  const message = `${threads} worker ${threads === 1 ? 'thread runs' : 'threads run'}: worker threads are observed with worker_threads: true alone`;
  return [{ check: 'threads', severity: 'note', message }];
}

function isPackageManager({ node, argv }: ProcessReport): boolean {
  return !isTooOld(node) && reasonNotToStart(node, argv[1] ?? '') === '';
}

/** The line that says what was wrong, among the stack and the properties that Node prints around it. */
function lastLine(stderr: string): string {
  const lines = stderr.split('\n').filter((each) => /\S/.test(each));
  const line = lines.findLast((each) => ERROR.test(each)) ?? lines.at(-1);
  return line === undefined ? '' : `(${line.trim().slice(0, MAX_QUOTED)})`;
}

function error(message: string, fix: string): Finding {
  return { check: 'loading', severity: 'error', message, fix };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../command.js';
import type { ProcessReport } from './report.js';
import { type UnreportedProcess, unreportedProcesses } from './unreported.js';

/** What became of the command of the user. */
export interface Run {
  readonly reports: readonly ProcessReport[];
  /** Processes of Node that the flag has not reached. */
  readonly unreported: readonly UnreportedProcess[];
  /** How it ended by itself. Absent if it was still running when its time was over. */
  readonly ended?: { readonly code: number | null; readonly signal: string | null };
  /** The end of what it wrote on stderr. */
  readonly stderr: string;
}

export interface RunOptions {
  /** The longest time that it may live. */
  readonly forMs: number;
  /** Whether to start Redhook in it, because its own command line does not. */
  readonly load: boolean;
  /** Called with what is known when its time is over, while it still lives. */
  readonly beforeEnd: (reports: readonly ProcessReport[]) => Promise<void>;
}

const POLL_MS = 100;
/** How long an application that listens may go on loading and connecting. */
const AFTER_LISTENING_MS = 2_000;
const TERM_MS = 3_000;
const MAX_OUTPUT = 4_096;

/** Starts a command, lets it live for a while, and ends it and what it has started. */
export async function runApp(
  [command = '', ...args]: readonly string[],
  { forMs, load, beforeEnd }: RunOptions,
): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-doctor-'));
  const { NODE_OPTIONS = '' } = process.env;
  const preload = `--require ${JSON.stringify(join(__dirname, 'report.cjs'))}`;
  const child = spawn(command, args, {
    // In a group of its own, so that what it starts ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_OPTIONS: `${preload} ${NODE_OPTIONS}`.trim(),
      REDHOOK_REPORT: folder,
      REDHOOK_REPORT_LOAD: load ? 'yes' : 'no',
    },
  });
  let stderr = '';
  child.stdout?.resume();
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-MAX_OUTPUT);
  });
  let ended: Run['ended'];
  const end = new Promise<void>((resolve, reject) => {
    child.on('error', (error) => reject(new UsageError(`cannot start "${command}" (${error.message})`)));
    child.on('close', (code, signal) => {
      ended = { code, signal };
      resolve();
    });
  });
  const stop = (): void => {
    signalGroup(child, 'SIGKILL');
  };
  process.once('SIGINT', stop);
  try {
    await Promise.race([end, untilSettled(folder, forMs)]);
    const endedByItself = ended;
    const reports = readReports(folder);
    const unreported = unreportedProcesses(
      child.pid ?? 0,
      reports.map(({ pid }) => pid),
    );
    if (endedByItself === undefined) {
      await beforeEnd(reports);
      await endGroup(child, end);
    }
    return { reports, unreported, stderr, ...(endedByItself && { ended: endedByItself }) };
  } finally {
    process.off('SIGINT', stop);
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until the application has listened for a moment, or its time is over. */
async function untilSettled(folder: string, forMs: number): Promise<void> {
  const deadline = performance.now() + forMs;
  let listening = Infinity;
  while (performance.now() < Math.min(deadline, listening + AFTER_LISTENING_MS)) {
    await sleep(POLL_MS);
    const listens = readReports(folder).some(({ ports }) => ports.length > 0);
    if (listens) listening = Math.min(listening, performance.now());
  }
}

function readReports(folder: string): ProcessReport[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProcessReport);
}

async function endGroup(child: ChildProcess, end: Promise<void>): Promise<void> {
  signalGroup(child, 'SIGTERM');
  await Promise.race([end, sleep(TERM_MS, undefined, { ref: false })]);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All of them have ended.
  }
}

/** One run of an application as a child process, and what the operating system says of it. Linux only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import type { Agent, App, Endpoints } from './agents.mts';

/** With two cores or more the application has one for itself, and all the rest stays away from it. */
const PINNED = availableParallelism() > 1;

export function stayAwayFromTarget(): void {
  if (!PINNED) return;
  for (const thread of readdirSync('/proc/self/task'))
    execFileSync('taskset', ['-c', '-p', '1', thread], { stdio: 'ignore' });
}

export interface Target {
  readonly pid: number;
  readonly port: number;
  /** Milliseconds from the start of the process until it listened. */
  readonly startedIn: number;
  /** CPU time of all its threads so far, in microseconds. */
  cpu(): number;
  /** Resident memory, in MB. */
  rss(): number;
  /** Ends it by SIGTERM, so that it sends what is left. */
  stop(): Promise<void>;
}

export async function startTarget(
  agent: Agent,
  app: App,
  endpoints: Endpoints,
  upstream: string,
): Promise<Target> {
  const node = [process.execPath, ...agent.flags, `bench/apps/${agent.variant ?? app}.cjs`];
  const [command, ...args] = PINNED ? ['taskset', '-c', '0', ...node] : node;
  const env = { ...process.env, ...agent.env(endpoints), UPSTREAM: upstream };
  const from = performance.now();
  const child = spawn(command as string, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const port = await firstPort(child);
  const startedIn = performance.now() - from;
  const { pid } = child;
  return {
    pid: pid as number,
    port,
    startedIn,
    cpu: () => cpuOf(pid as number),
    rss: () => rssOf(pid as number),
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(late);
    },
  };
}

async function firstPort({ stdout }: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: stdout as NodeJS.ReadableStream })) {
    const port = Number(line);
    if (Number.isInteger(port) && port > 0) return port;
  }
  throw new Error('the application ended before it listened');
}

/** `schedstat` counts in nanoseconds; the ticks of `stat` are too coarse for a short run. */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      return 0; // The thread has just ended.
    }
  });
  return nanoseconds.reduce((total, each) => total + each, 0) / 1_000;
}

function rssOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** One run of an application as a child process, with measurements from the operating system. Linux only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Agent, App, Endpoints } from './agents.mts';
import type { Upstreams } from './services.mts';

/** With two cores or more, the application has one to itself, and everything else stays away from it. */
const PINNED = availableParallelism() > 1;

export function stayAwayFromTarget(): void {
  if (!PINNED) return;
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      execFileSync('taskset', ['-c', '-p', '1', thread], { stdio: 'ignore' });
    } catch (error) {
      // The thread may just have ended.
      if (readdirSync('/proc/self/task').includes(thread)) throw error;
    }
  }
}

export interface Target {
  readonly pid: number;
  readonly port: number;
  /** Milliseconds from the start of the process until it listened. */
  readonly startedIn: number;
  /** CPU time of all its threads so far, in microseconds. */
  cpu(): number;
  /** CPU time of its event loop's thread so far, in microseconds. */
  loopCpu(): number;
  /** Resident memory, in MB. */
  rss(): number;
  /** Ends it by SIGTERM, so that it sends its remaining telemetry. */
  stop(): Promise<void>;
}

export async function startTarget(
  agent: Agent,
  app: App,
  endpoints: Endpoints,
  upstreams: Upstreams,
): Promise<Target> {
  const node = [process.execPath, ...agent.flags, resolve(`bench/apps/${agent.variant ?? app}.cjs`)];
  const [command, ...args] = PINNED ? ['taskset', '-c', '0', ...node] : node;
  const env = {
    ...process.env,
    ...agent.env(endpoints),
    UPSTREAM: upstreams.http,
    ...(upstreams.postgres !== undefined && { POSTGRES: upstreams.postgres }),
  };
  const from = performance.now();
  const child = spawn(command as string, args, {
    // A folder without a configuration file.
    cwd: resolve('bench'),
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const port = await firstPort(child);
  const startedIn = performance.now() - from;
  const { pid } = child;
  return {
    pid: pid as number,
    port,
    startedIn,
    cpu: () => cpuOf(pid as number),
    loopCpu: () => cpuOfThread(pid as number, String(pid)),
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

function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((total, thread) => total + cpuOfThread(pid, thread), 0);
}

/** `schedstat` counts in nanoseconds; the ticks of `stat` are too coarse for a short run. */
function cpuOfThread(pid: number, thread: string): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1);
    return Number(nanoseconds) / 1_000;
  } catch {
    return 0; // The thread has just ended.
  }
}

function rssOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

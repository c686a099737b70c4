import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A program of Node that runs as a child process. Linux only. */
export interface Program {
  readonly url: URL;
  /** CPU time of all its threads so far, in microseconds. */
  cpu(): number;
  /** What it has allocated on the heap of V8 up to its last garbage collection, in bytes. Buffers are not on that heap. */
  allocated(): number;
  stop(): Promise<void>;
}

/** A line of `--trace-gc`: the heap before a collection and after it, in megabytes. */
const COLLECTION = /: \S[^:]*? ([\d.]+) \([\d.]+\) -> ([\d.]+) \(/;

export async function start(file: string, args: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, ['--trace-gc', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [allocated, left] = [0, 0];
  const url = await new Promise<URL>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${file} ended before it listened (${code})`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('listening ')) resolve(new URL(line.slice('listening '.length)));
      const [, before, after] = COLLECTION.exec(line) ?? [];
      if (before === undefined || after === undefined) return;
      allocated += Number(before) - left;
      left = Number(after);
    });
  });
  return {
    url,
    cpu: () => cpuOf(child.pid ?? 0),
    allocated: () => allocated * 1024 * 1024,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** `schedstat` counts in nanoseconds; the ticks of `stat` are too coarse for a short run. */
function cpuOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0])
    .reduce((total, nanoseconds) => total + Number(nanoseconds) / 1_000, 0);
}

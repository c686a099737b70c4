import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './app.js';

/** A database server that a test has started. */
export interface Server {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly pid: number;
  /** A folder of its own, which goes with it. */
  readonly folder: string;
  close(): Promise<void>;
}

interface Setup {
  readonly folder: string;
  /** Runs a program of the server as its user. */
  run(command: string, ...args: string[]): void;
}

/** The path of a server's program, which Debian may keep out of `PATH`: the latest version of those that match. */
export function programAt(...patterns: string[]): string | undefined {
  return globSync(patterns).sort().at(-1);
}

/**
 * Starts a server on a free port of loopback, with its data in a new folder, and waits for the line `ready`. Most servers
 * refuse to run as root, so there they run as `nobody`, unless `mayBeRoot`.
 */
export async function startServer(
  command: string,
  ready: RegExp,
  prepare: (setup: Setup) => (port: number) => string[],
  { mayBeRoot = false } = {},
): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-server-'));
  const user = process.getuid?.() === 0 && !mayBeRoot ? nobody() : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const options = { ...user, cwd: folder, env: { PATH: process.env['PATH'], HOME: folder } };
  const argsFor = prepare({
    folder,
    run: (program, ...rest) => void execFileSync(program, rest, { ...options, stdio: 'pipe' }),
  });
  // Chosen last, before somebody else takes it.
  const port = await freePort();
  const child = spawn(command, argsFor(port), { ...options, stdio: 'pipe' });
  await printed(child, ready);
  return {
    host: '127.0.0.1',
    port,
    pid: child.pid as number,
    folder,
    async close() {
      if (child.exitCode === null) {
        child.kill('SIGQUIT');
        await Promise.race([once(child, 'exit'), sleep(5_000).then(() => child.kill('SIGKILL'))]);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nobody(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function printed(child: ChildProcess, line: RegExp): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
        if (line.test(output)) resolve();
      });
    child.on('error', reject).on('exit', () => reject(new Error(`the server has not started:\n${output}`)));
  });
}

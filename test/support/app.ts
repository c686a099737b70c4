/** Real applications as child processes, with or without Redhook. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** The file that `--import redhook/register` loads, from the build in this working tree. */
export const REGISTER = join(ROOT, 'dist/register.cjs');

/** The Node versions of the matrix. */
export const NODES = {
  '22.15.0': join(ROOT, 'test/nodes/node_modules/node22-floor/bin/node'),
  '22': join(ROOT, 'test/nodes/node_modules/node22/bin/node'),
  '24': join(ROOT, 'node_modules/node/bin/node'),
  '26': join(ROOT, 'test/nodes/node_modules/node26/bin/node'),
} as const;

export interface AppOptions {
  node?: string;
  /** Node's arguments before the file, by default the flag. `[]` runs the application without Redhook. */
  flags?: string[];
  env?: Record<string, string>;
  cwd?: string;
  args?: string[];
  /** The user to run as. Needs root. */
  uid?: number;
  /** Gives it a stdin that stays open until `closeInput`, for the lines of `tell`. */
  input?: boolean;
}

export interface App {
  /** The URL from its line `listening http://...`, or `''` before it listens. */
  url: string;
  pid: number;
  /** Everything it has printed so far. */
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  tell(line: string): void;
  closeInput(): void;
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Kills it if it is still running, and waits for its end. */
  stop(): Promise<void>;
}

/** Starts an application of test/apps (or an absolute path) and waits until it listens. */
export async function startApp(file: string, options: AppOptions = {}): Promise<App> {
  return listening(file, runApp(file, options));
}

/** Starts an application without waiting for it to listen. */
export function runApp(
  file: string,
  { node = NODES['24'], flags, env, cwd, args = [], uid, input }: AppOptions = {},
): App {
  const path = resolve(ROOT, 'test/apps', file);
  return runProgram(node, [...(flags ?? ['--import', REGISTER]), path, ...args], {
    cwd: cwd ?? resolve(path, '..'),
    env,
    uid,
    input,
  });
}

/** Starts any program. */
export function runProgram(
  command: string,
  args: string[] = [],
  {
    cwd,
    env,
    uid,
    input,
  }: {
    cwd?: string;
    env?: Record<string, string> | undefined;
    uid?: number | undefined;
    input?: boolean | undefined;
  } = {},
): App {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
  });
  const stdout = collect(child, 'stdout');
  const stderr = collect(child, 'stderr');
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return {
    get url() {
      return /^listening (\S+)/m.exec(stdout())?.[1] ?? '';
    },
    pid: child.pid ?? 0,
    stdout,
    stderr,
    ended,
    signal: (name) => void child.kill(name),
    tell: (line) => void child.stdin?.write(`${line}\n`),
    closeInput: () => void child.stdin?.end(),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * A port that nobody listens on, from below the range that the system hands out itself: a port from that
 * range could go to a program of another test before the caller's listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_768);
    const server = createServer().listen(port);
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Waits until a program listens. `name` is for the error if it ends earlier. */
export async function listening(name: string, app: App): Promise<App> {
  const gone = app.ended.then(({ code, signal }) => {
    throw new Error(`${name} ended before it listened (${code ?? signal}): ${app.stderr()}`);
  });
  await Promise.race([gone, untilListening(app)]);
  return app;
}

async function untilListening(app: App): Promise<void> {
  while (app.url === '') await new Promise((wake) => setTimeout(wake, 5));
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  let text = '';
  child[name]?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  return () => text;
}

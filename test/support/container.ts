/** Containers without an engine: a root file system, a user, and a network of its own, by the tools of Linux. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type App, runProgram } from './app.js';

/** A user who owns nothing. */
export const USER = '65532:65532';

/** The C library of a root file system, and the Node that was built for it. */
export type Libc = 'glibc' | 'musl';

export interface Container {
  /** The addresses at the two ends of its only link. */
  readonly address: string;
  readonly hostAddress: string;
  run(command: string[], options: RunOptions): App;
  /** Ends what runs in it, and its network. */
  remove(): void;
}

export interface RunOptions {
  /** Its files, which it cannot change. */
  readonly root: string;
  /** Folders of the host, by the paths at which they appear, read-only. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly env: Record<string, string>;
}

let count = 0;

/** A container with a link to the host and to nothing else. Needs root. */
export function createContainer(): Container {
  count += 1;
  const id = `${process.pid}-${count}`;
  const subnet = `10.${200 + (count % 50)}.${process.pid % 250}`;
  const [hostAddress, address] = [`${subnet}.1`, `${subnet}.2`];
  const [outside, inside] = [`h${id}`, `c${id}`];
  ip('netns', 'add', id);
  ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside);
  ip('link', 'set', inside, 'netns', id);
  ip('address', 'add', `${hostAddress}/30`, 'dev', outside);
  ip('link', 'set', outside, 'up');
  ip('-n', id, 'address', 'add', `${address}/30`, 'dev', inside);
  ip('-n', id, 'link', 'set', inside, 'up');
  ip('-n', id, 'link', 'set', 'lo', 'up');

  return {
    address,
    hostAddress,
    run(command, { root, volumes, env }) {
      const mounts = Object.entries(volumes).flatMap(([path, folder]) => bind(folder, join(root, path)));
      const script = [...mounts, ...bind(root, root), `exec chroot --userspec=${USER} ${root} "$@"`].join(
        ' && ',
      );
      const unshared = ['unshare', '--mount', '--pid', '--fork', 'sh', '-c', script, 'sh'];
      return runProgram('ip', ['netns', 'exec', id, ...unshared, ...command], { env });
    },
    remove() {
      // The change of its user has detached the container from the program that started it.
      const processes = execFileSync('ip', ['netns', 'pids', id], { encoding: 'utf8' }).split('\n');
      for (const each of processes.filter(Boolean)) process.kill(Number(each), 'SIGKILL');
      ip('netns', 'delete', id);
    },
  };
}

/** Shell commands that mount a folder at a path, read-only. `--rbind` takes along what is mounted inside it. */
function bind(folder: string, path: string): string[] {
  return [`mount --rbind ${folder} ${path}`, `mount -o remount,bind,ro ${path}`];
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * A folder that is the root of a file system: Node with the libraries that it loads, and `folders` by their paths.
 *
 * @param node of musl: in a folder with its loader and its libraries.
 */
export function createRoot(libc: Libc, node: string, folders: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'redhook-root-'));
  chmodSync(root, 0o755);
  cpSync(node, join(root, 'bin/node'));
  if (libc === 'glibc')
    for (const library of librariesOf(node)) cpSync(realpathSync(library), join(root, library));
  else
    for (const file of readdirSync(dirname(node))) cpSync(join(dirname(node), file), join(root, 'lib', file));
  for (const [path, folder] of Object.entries(folders)) {
    if (folder === '') mkdirSync(join(root, path), { recursive: true });
    else cpSync(folder, join(root, path), { recursive: true });
  }
  return root;
}

function librariesOf(program: string): string[] {
  const output = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...output.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

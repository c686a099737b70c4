/** Builds the graph of a container without an engine: in folders that are its root file systems, by the tools of Linux. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { NODES } from './app.js';
import { createRoot } from './container.js';
import type { Graph, Step } from './dagger-recorder.js';

/** A container that is built: a root file system, and how it is run. */
export interface BuiltContainer {
  readonly root: string;
  readonly workdir: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

interface Building extends BuiltContainer {
  readonly caches: Readonly<Record<string, string>>;
}

/** Only what the pipeline uses. */
export class DaggerBuild {
  readonly #folders: string[] = [];
  readonly #built = new Map<string, unknown>();
  readonly #cache: string;

  /** `cache` outlasts builds, as cache volumes do. */
  constructor(cache: string) {
    this.#cache = cache;
  }

  container(graph: Graph): BuiltContainer {
    return this.#evaluate(graph) as Building;
  }

  remove(): void {
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  /** A container, or the path of a file or folder on this machine. */
  #evaluate(graph: Graph): Building | string {
    const key = JSON.stringify(graph);
    if (!this.#built.has(key)) this.#built.set(key, this.#build(graph));
    return this.#built.get(key) as Building | string;
  }

  #build(graph: Graph): Building | string {
    let at: Building | string | undefined;
    for (const step of graph) at = this.#apply(step, at);
    return at as Building | string;
  }

  #apply({ name, args }: Step, at: Building | string | undefined): Building | string | undefined {
    const text = (argument: string): string => String(args[argument]);
    if (name === 'host') return undefined;
    if (name === 'container') return undefined;
    if (name === 'from') return this.#from();
    if (name === 'directory' || name === 'file') {
      if (at === undefined) return text('path');
      return typeof at === 'string' ? join(at, text('path')) : pathIn(at, text('path'));
    }
    const container = at as Building;
    switch (name) {
      case 'withWorkdir':
        mkdirSync(join(container.root, text('path')), { recursive: true });
        return { ...container, workdir: text('path') };
      case 'withMountedCache':
        return { ...container, caches: { ...container.caches, [text('path')]: this.#cache } };
      case 'withFile':
      case 'withDirectory':
        this.#copy(this.#evaluate(args['source'] as Graph) as string, pathIn(container, text('path')));
        return container;
      case 'withExec':
        run(container, args['args'] as string[]);
        return container;
      case 'withLabel':
        return { ...container, labels: { ...container.labels, [text('name')]: text('value') } };
      case 'withUser':
        return { ...container, user: text('name') };
      case 'withEntrypoint':
        return { ...container, entrypoint: args['args'] as string[] };
      default:
        throw new Error(`the build has no ${name}`);
    }
  }

  /** Files of other containers do not change any more, so they are linked. */
  #copy(from: string, to: string): void {
    mkdirSync(dirname(to), { recursive: true });
    const isBuilt = this.#folders.some((folder) => from.startsWith(folder));
    execFileSync('cp', [isBuilt ? '-al' : '-a', '--no-target-directory', from, to]);
  }

  /** Nothing can be pulled here, so the base image is made of the Node and the npm of this machine. */
  #from(): Building {
    const npm = realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim());
    const root = createRoot('glibc', NODES['24'], {
      '/usr/lib/node_modules/npm': resolve(npm, '../..'),
      '/root': '',
      '/tmp': '',
      '/etc': '',
    });
    this.#folders.push(root);
    cpSync('/bin/busybox', join(root, 'bin/sh'));
    mkdirSync(join(root, 'usr/bin'));
    cpSync('/bin/busybox', join(root, 'usr/bin/env'));
    symlinkSync('/usr/lib/node_modules/npm/bin/npm-cli.js', join(root, 'bin/npm'));
    for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf'])
      if (existsSync(file)) cpSync(file, join(root, file), { dereference: true });
    return { root, workdir: '/', user: '0:0', entrypoint: [], labels: {}, caches: {} };
  }
}

function pathIn({ root, workdir }: BuiltContainer, path: string): string {
  return join(root, resolve(workdir, path));
}

/** Runs a command in the container, with the network and the registry of this machine. */
function run({ root, workdir, caches }: Building, command: readonly string[]): void {
  const settings = mkdtempSync(join(root, 'tmp/settings-'));
  const inside = settings.slice(root.length);
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  if (certificates !== undefined) cpSync(certificates, join(settings, 'ca.pem'));
  const npmrc = join(homedir(), '.npmrc');
  if (existsSync(npmrc)) cpSync(npmrc, join(settings, 'npmrc'));
  const mounts = Object.entries(caches).map(([path, folder]) => {
    mkdirSync(join(root, path), { recursive: true });
    return `mount --bind ${folder} ${join(root, path)}`;
  });
  const script = [...mounts, `exec chroot ${root} /bin/sh -c 'cd ${workdir} && exec "$@"' sh "$@"`].join(
    ' && ',
  );
  execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: '/bin:/usr/bin:/usr/sbin',
      HOME: '/root',
      npm_config_userconfig: `${inside}/npmrc`,
      ...(certificates !== undefined && { NODE_EXTRA_CA_CERTS: `${inside}/ca.pem` }),
    },
  });
  rmSync(settings, { recursive: true });
}

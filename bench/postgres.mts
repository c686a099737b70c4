/** A PostgreSQL on loopback, with its data in a folder that goes with it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Postgres {
  readonly url: string;
  stop(): Promise<void>;
}

/** Rejects where PostgreSQL is not installed. */
export async function startPostgres(port: number): Promise<Postgres> {
  const program = globSync('/usr/{lib/postgresql/*,local}/bin/postgres').sort().at(-1);
  if (program === undefined) throw new Error('PostgreSQL is missing; get it by: apt-get install postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'redhook-bench-'));
  const data = join(folder, 'data');
  const user = process.getuid?.() === 0 ? nobody() : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  execFileSync(
    join(dirname(program), 'initdb'),
    ['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--no-sync', '--locale', 'C.UTF-8'],
    { ...user, cwd: folder, stdio: 'ignore' },
  );
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
  const server = spawn(
    program,
    ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])],
    { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  for await (const line of createInterface({ input: server.stderr }))
    if (line.includes('ready to accept connections')) break;
  server.stderr.resume();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function nobody(): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

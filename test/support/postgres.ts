import { dirname, join } from 'node:path';
import { missing } from './program.js';
import { programAt, type Server, startServer } from './server.js';

const program = programAt('/usr/lib/postgresql/*/bin/postgres', '/usr/local/bin/postgres');

/** For `describe.skipIf`. */
export function hasPostgres(): boolean {
  return program !== undefined || missing('PostgreSQL', 'apt-get install postgresql');
}

/** Starts a PostgreSQL that lets everybody in as `postgres`. */
export function startPostgres(): Promise<Server> {
  const command = program as string;
  return startServer(command, /ready to accept connections/, ({ folder, run }) => {
    const data = join(folder, 'data');
    run(
      join(dirname(command), 'initdb'),
      ...['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--no-sync', '--locale', 'C.UTF-8'],
    );
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
    return (port) => ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])];
  });
}

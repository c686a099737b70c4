import { join } from 'node:path';
import { missing } from './program.js';
import { programAt, type Server, startServer } from './server.js';

const program = programAt('/usr/sbin/mariadbd', '/usr/local/bin/mariadbd');
const install = programAt('/usr/bin/mariadb-install-db', '/usr/local/bin/mariadb-install-db');

/** For `describe.skipIf`. */
export function hasMariadb(): boolean {
  return (
    (program !== undefined && install !== undefined) || missing('MariaDB', 'apt-get install mariadb-server')
  );
}

/** Starts a MariaDB that lets everybody in. */
export function startMariadb(): Promise<Server> {
  return startServer(program as string, /ready for connections/, ({ folder, run }) => {
    const data = join(folder, 'data');
    run(
      install as string,
      '--no-defaults',
      `--datadir=${data}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
    );
    return (port) => [
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      '--skip-grant-tables',
      '--innodb-flush-log-at-trx-commit=0',
    ];
  });
}

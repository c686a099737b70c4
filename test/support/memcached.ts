import { missing } from './program.js';
import { programAt, type Server, startServer } from './server.js';

const program = programAt('/usr/bin/memcached', '/usr/local/bin/memcached');

/** For `describe.skipIf`. */
export function hasMemcached(): boolean {
  return program !== undefined || missing('memcached', 'apt-get install memcached');
}

/** With `-vv` it says when it listens. */
export function startMemcached(): Promise<Server> {
  const argsFor = (port: number) => ['-vv', '-l', '127.0.0.1', '-p', String(port), '-U', '0'];
  return startServer(program as string, /server listening/, () => argsFor);
}

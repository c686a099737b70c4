import { missing } from './program.js';
import { programAt, type Server, startServer } from './server.js';

const program = programAt('/usr/bin/redis-server', '/usr/local/bin/redis-server');

/** For `describe.skipIf`. */
export function hasRedis(): boolean {
  return program !== undefined || missing('Redis', 'apt-get install redis-server');
}

/** Starts a Redis that keeps nothing. */
export function startRedis(): Promise<Server> {
  return startServer(program as string, /Ready to accept connections/, ({ folder }) => (port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
  ]);
}

import { join } from 'node:path';
import { missing } from './program.js';
import { programAt, type Server, startServer } from './server.js';

const program = programAt('/usr/lib/rabbitmq/bin/rabbitmq-server');

/** It takes some seconds to start. */
export const RABBITMQ_TIMEOUT_MS = 60_000;

/** For `describe.skipIf`. */
export function hasRabbitmq(): boolean {
  return program !== undefined || missing('RabbitMQ', 'apt-get install rabbitmq-server');
}

/** The server, and the port mapper of Erlang, which the server would otherwise start as a daemon that stays. */
const BOTH = 'epmd & epmd=$!; "$0" & trap "kill -KILL $!" QUIT; wait $!; kill -KILL $epmd';

/** Starts a RabbitMQ that lets `guest` in and takes what it keeps with it. */
export function startRabbitmq(): Promise<Server> {
  return startServer('/usr/bin/env', /Server startup complete/, ({ folder }) => (port) => {
    const settings = {
      RUNNING_UNDER_SYSTEMD: 'true',
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: port + 1,
      RABBITMQ_DIST_PORT: port + 2,
      RABBITMQ_NODENAME: 'redhook@localhost',
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: port,
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_PID_FILE: join(folder, 'pid'),
    };
    return [
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      ...['/bin/sh', '-c', BOTH, program as string],
    ];
  });
}

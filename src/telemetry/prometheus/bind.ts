import type { Cluster } from 'node:cluster';
import type { Server } from 'node:net';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { log, reason } from '../../log.js';

export interface Address {
  /** Empty: all interfaces, IPv6 and IPv4, or IPv4 alone where there is no IPv6. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface Binding {
  /** Gives up a port that is still waited for. */
  stop(): void;
}

const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;
/** How many ports after the wanted one a cluster worker tries. */
const WORKER_PORTS = 64;

/**
 * Makes a server listen, and keeps trying while its port is taken: the application never notices. Says once what is
 * wrong, and once that it works after all.
 *
 * Workers of `node:cluster` would share one port, and every scrape would show another worker's numbers as if they
 * were the same series. So each worker takes a port of its own: the wanted one or the next that is free.
 */
export function bind(server: Server, { host, port }: Address): Binding {
  // Loaded here because it takes milliseconds; by now the application's own `listen` has loaded it.
  const { isWorker } = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  let offset = 0;
  let delay = FIRST_DELAY_MS;
  let retry: NodeJS.Timeout | undefined;

  const attempt = (): void => {
    const options = { port: port + offset, exclusive: true, ...(host !== '' && { host }) };
    try {
      // Not in the context of the moment: every scrape would inherit it, for as long as the server lives.
      context.with(ROOT_CONTEXT, () => server.listen(options));
    } catch (error) {
      onError(error as NodeJS.ErrnoException);
    }
  };

  const onError = (error: NodeJS.ErrnoException): void => {
    // Not about the port: a server that listens stays as it is.
    if (server.listening) return;
    if (isWorker && error.code === 'EADDRINUSE' && offset < WORKER_PORTS && port + offset < 65_535) {
      offset += 1;
      attempt();
      return;
    }
    log.warn(
      `metrics: ${describeListenError(error, port)}; retrying every ${FIRST_DELAY_MS / 1000} to ${LAST_DELAY_MS / 1000} s, ` +
        'the application is not affected',
    );
    offset = 0;
    retry = setTimeout(attempt, delay).unref();
    delay = Math.min(delay * 2, LAST_DELAY_MS);
  };

  server.on('error', onError);
  server.once('listening', () => {
    if (offset > 0)
      log.warn(`metrics: port ${port} is taken, this cluster worker uses port ${port + offset}`);
    else if (retry !== undefined) log.info(`metrics: listening on port ${port} now`);
  });
  if (mayListen()) attempt();
  else
    log.warn(
      `metrics: --permission keeps port ${port} closed, expected --allow-net; there are no metrics to scrape, ` +
        'the application is not affected',
    );
  return { stop: () => clearTimeout(retry) };
}

function describeListenError(error: NodeJS.ErrnoException, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is taken (${error.code}), expected a free port`;
    case 'EACCES':
      return `port ${port} is not allowed to this process (${error.code}), expected the permission to listen`;
    default:
      return `cannot listen on port ${port} (${reason(error)})`;
  }
}

/** Asked first, because Node may throw the refusal from a tick of its own, which would end the application. */
function mayListen(): boolean {
  const isGuarded = process.allowedNodeEnvironmentFlags.has('--allow-net');
  return !isGuarded || process.permission === undefined || process.permission.has('net');
}

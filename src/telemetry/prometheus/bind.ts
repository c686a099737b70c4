import type { Cluster } from 'node:cluster';
import type { Server } from 'node:net';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { log, reason } from '../../log.js';

export interface Address {
  /** Empty means all interfaces: IPv6 and IPv4, or only IPv4 where there is no IPv6. */
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

export interface Binding {
  /** Stops retrying. */
  stop(): void;
}

const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;
/** How many ports after the configured one a cluster worker tries. */
const WORKER_PORTS = 64;

/**
 * Makes a server listen and retries for as long as that fails. The application is never affected. One line of the
 * log says what is wrong, another one that the server listens after all.
 *
 * Workers of `node:cluster` would share one port. Each scrape would then reach an arbitrary worker, and the numbers of
 * all workers would appear as one series. So each worker takes a port of its own: the configured one or the next free
 * one.
 */
export function bind(server: Server, { host, port }: Address): Binding {
  // Loaded here because loading takes milliseconds. By now the application's own `listen` has loaded it.
  const { isWorker } = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  let offset = 0;
  let delay = FIRST_DELAY_MS;
  let retry: NodeJS.Timeout | undefined;

  const attempt = (): void => {
    const options = { port: port + offset, exclusive: true, ...(host !== '' && { host }) };
    try {
      // Not in the current context: every scrape would inherit it for the life of the server.
      context.with(ROOT_CONTEXT, () => server.listen(options));
    } catch (error) {
      onError(error as NodeJS.ErrnoException);
    }
  };

  const onError = (error: NodeJS.ErrnoException): void => {
    // The server already listens, so the error is not about its port.
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
    else if (retry !== undefined) log.info(`metrics: now listening on port ${port}`);
  });
  if (mayListen()) attempt();
  else
    log.warn(
      `metrics: --permission forbids listening on port ${port}, expected --allow-net; there are no metrics to ` +
        'scrape, the application is not affected',
    );
  return { stop: () => clearTimeout(retry) };
}

function describeListenError(error: NodeJS.ErrnoException, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is taken (${error.code}), expected a free port`;
    case 'EACCES':
      return `this process may not listen on port ${port} (${error.code}), expected the permission to do so`;
    default:
      return `cannot listen on port ${port} (${reason(error)})`;
  }
}

/** Checked before `listen`, because Node may throw the refusal in a later tick, which would end the application. */
function mayListen(): boolean {
  const isGuarded = process.allowedNodeEnvironmentFlags.has('--allow-net');
  return !isGuarded || process.permission === undefined || process.permission.has('net');
}

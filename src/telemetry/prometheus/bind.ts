import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { log, reason } from '../../log.js';
import { cluster, reclaim, whenReclaimed } from './cluster-ports.js';
import { watchRivals } from './rivals.js';
import { shareHandle } from './shared-handle.js';

export interface Address {
  /** Empty means all interfaces: IPv6 and IPv4, or only IPv4 where there is no IPv6. */
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

/** The port of a page that the processes of a cluster have between them. */
export interface ClusterPort {
  /** Distinguishes the cluster where workers share the port through a primary. Absent where one process has it. */
  readonly key?: string;
  /** Whether the port is open in this process. */
  setServing(isServing: boolean): void;
  /** Makes the other processes release the port, and returns when they have. */
  reclaim(port: number): void;
  /** `release` is called with a port that another process wants. */
  whenReclaimed(release: (port: number) => void): void;
}

export interface Binding {
  /** Starts to listen. Only the first call counts. */
  open(): void;
  /** Stops retrying. */
  stop(): void;
}

const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;
const RETRYING = `retrying every ${FIRST_DELAY_MS / 1000} to ${LAST_DELAY_MS / 1000} s`;
/** How long the application of a worker may take its ports before the page takes one. */
const WORKER_DELAY_MS = 1_000;
/** How many ports after the configured one a cluster worker tries. */
const WORKER_PORTS = 64;

/**
 * Makes a server listen and retries for as long as that fails. The application is never affected: when a server of its
 * own wants the port, this one closes first. One line of the log says what is wrong, another one that the server
 * listens after all.
 *
 * Workers of `node:cluster` whose metrics are added up share one port, or leave it to their primary. Where they cannot be
 * added up, a scrape of a shared port would reach an arbitrary worker, and the numbers of all workers would appear as one
 * series. Then each worker takes a port of its own: the configured one or the next free one, once the application has had
 * a moment to take its ports.
 */
export function createBinding(
  server: Server,
  { host, port }: Address,
  clusterPort: () => ClusterPort | undefined = () => undefined,
): Binding {
  let isWorker = false;
  let isOpen = false;
  let gaveWay = false;
  let hasFailed = false;
  let offset = 0;
  let delay = FIRST_DELAY_MS;
  let retry: NodeJS.Timeout | undefined;
  let stopReclaims = (): void => {};
  let isShared = false;
  let isForeign = (): boolean => false;
  /** The port that the server has asked for and not yet got. */
  let asked: number | undefined;
  let isRevoked = false;

  const later = (): void => {
    offset = 0;
    retry = setTimeout(attempt, delay).unref();
    delay = Math.min(delay * 2, LAST_DELAY_MS);
  };

  const attempt = (): void => {
    // What a scraper keeps open from before a release would hide the page of the application from it.
    server.closeAllConnections();
    if (rivals.want(port + offset)) {
      later();
      return;
    }
    asked = port + offset;
    // Said before it is true: whoever reclaims the port must wait for a server that is about to have it.
    clusterPort()?.setServing(true);
    const options = { port: asked, exclusive: !isShared, ...(host !== '' && { host }) };
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
    const isTaken = error.code === 'EADDRINUSE';
    if (isWorker && isTaken && offset < WORKER_PORTS && port + offset < 65_535) {
      offset += 1;
      attempt();
      return;
    }
    hasFailed = true;
    asked = undefined;
    clusterPort()?.setServing(false);
    if (!(gaveWay && isTaken))
      log.warn(`metrics: ${describeListenError(error, port)}; ${RETRYING}, the application is not affected`);
    later();
  };

  /** Closing frees the port at once. Scrapes that are under way have until the next attempt. */
  const release = (wanted: number): void => {
    const address = server.address();
    if (address === null && asked === wanted) isRevoked = true;
    if (typeof address !== 'object' || address?.port !== wanted) return;
    isRevoked = false;
    gaveWay = true;
    hasFailed = true;
    delay = FIRST_DELAY_MS;
    server.close();
    clusterPort()?.setServing(false);
    later();
    log.warn(
      `metrics: the application listens on port ${wanted} itself, expected another port in ` +
        `OTEL_EXPORTER_PROMETHEUS_PORT; the metrics page is closed, ${RETRYING}`,
    );
  };
  const onWanted = (wanted: number): void => {
    release(wanted);
    clusterPort()?.reclaim(wanted);
    if (wanted >= port && wanted <= port + WORKER_PORTS) reclaim(wanted);
  };
  /** The primary may have given this server the port of another application, or of a server of this one. */
  const rivals = watchRivals(server, onWanted, () => {
    if (isForeign()) {
      server.close();
      onError(Object.assign(new Error('the port is taken'), { code: 'EADDRINUSE' }));
    } else if (isRevoked) {
      release(port + offset);
    }
  });

  server.on('error', onError);
  server.on('listening', () => {
    if (offset > 0)
      log.warn(`metrics: port ${port} is taken, this cluster worker uses port ${port + offset}`);
    else if (port === 0) log.info(`metrics: listening on port ${(server.address() as AddressInfo).port}`);
    else if (hasFailed) log.info(`metrics: now listening on port ${port}`);
    gaveWay = false;
    hasFailed = false;
    delay = FIRST_DELAY_MS;
    clusterPort()?.setServing(true);
  });
  return {
    open() {
      if (isOpen) return;
      isOpen = true;
      if (!mayListen()) {
        log.warn(
          `metrics: --permission forbids listening on port ${port}, expected --allow-net; there are no metrics to ` +
            'scrape, the application is not affected',
        );
        return;
      }
      const shared = clusterPort();
      isWorker = shared === undefined && cluster().isWorker;
      shared?.whenReclaimed(release);
      if (shared?.key !== undefined) {
        isShared = true;
        isForeign = shareHandle(server, shared.key);
      }
      if (isWorker) {
        stopReclaims = whenReclaimed(release);
        retry = setTimeout(attempt, WORKER_DELAY_MS).unref();
      } else {
        attempt();
      }
    },
    stop() {
      clearTimeout(retry);
      rivals.stop();
      stopReclaims();
    },
  };
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

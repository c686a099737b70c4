import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { log, reason } from '../../log.js';
import { isAlive, ownId, pidNamespace } from '../../process-id.js';
import { withBrackets } from '../../semconv/url.js';

/** Where a page is. */
export interface PageAddress {
  /** Empty: on all interfaces. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface Discovery {
  /** Says where the page of `owner` is. Every owner has one page. */
  publish(owner: object, address: PageAddress): void;
  withdraw(owner: object): void;
  /** When the process ends. */
  withdrawAll(): void;
}

const FILE = /^redhook-([^-]*)-(\d+\.\d*)\.json$/;
const ANYWHERE = new Set(['', '0.0.0.0', '::']);
/** Each file is written again that often, so that one that somebody has removed comes back. */
const INTERVAL_MS = 60_000;
/** Whether a process of another container runs is not to be seen; its file shows when it ran last. */
const LONGEST_SILENCE_MS = 10 * INTERVAL_MS;

/**
 * Says in a file of `directory` where the pages of this process are. Files of processes that could not remove theirs are
 * removed by those that come later.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
export function createDiscovery(directory: string, serviceName: string): Discovery {
  const folder = resolve(directory);
  const file = join(folder, `redhook-${pidNamespace()}-${ownId()}.json`);
  const pages = new Map<object, PageAddress>();
  let timer: NodeJS.Timeout | undefined;

  const write = (): void => {
    try {
      mkdirSync(folder, { recursive: true });
      removeLeftovers(folder);
      // No pattern for JSON files finds the draft.
      writeFileSync(`${file}.new`, `${JSON.stringify([...pages.values()].map(groupOf), undefined, 2)}\n`);
      renameSync(`${file}.new`, file);
    } catch (error) {
      log.warn(
        `metrics: ${folder} cannot be written (${reason(error)}), expected a directory for metrics.discovery; Prometheus ` +
          'does not find this process there, the application is not affected',
        'the directory of the discovery cannot be written',
      );
    }
  };
  const groupOf = ({ host, port, path }: PageAddress) => ({
    targets: [`${ANYWHERE.has(host) ? 'localhost' : withBrackets(host)}:${port}`],
    labels: {
      __metrics_path__: path,
      // For rules of relabelling. The series have the name of the service already.
      __meta_redhook_service_name: serviceName,
      __meta_redhook_pid: String(process.pid),
    },
  });
  const update = (): void => {
    if (pages.size > 0) {
      write();
      timer ??= setInterval(write, INTERVAL_MS).unref();
      return;
    }
    clearInterval(timer);
    timer = undefined;
    remove(file);
  };

  return {
    publish(owner, address) {
      pages.set(owner, address);
      update();
    },
    withdraw(owner) {
      if (pages.delete(owner)) update();
    },
    withdrawAll() {
      if (pages.size === 0) return;
      pages.clear();
      update();
    },
  };
}

/** Removes the files of processes that have ended. */
function removeLeftovers(folder: string): void {
  const namespace = pidNamespace();
  for (const name of readdirSync(folder)) {
    const [, where, id = ''] = FILE.exec(name) ?? [];
    if (where === undefined) continue;
    const isOver = where === namespace ? !isAlive(id) : isSilent(join(folder, name));
    if (isOver) remove(join(folder, name));
  }
}

function isSilent(path: string): boolean {
  const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return modified < Date.now() - LONGEST_SILENCE_MS;
}

/** It may be gone, or belong to somebody else. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    log.debug(`metrics: ${path} cannot be removed: ${reason(error)}`);
  }
}

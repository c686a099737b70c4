import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { CollectionResult, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import { isAlive, ownId, type ProcessId } from '../../process-id.js';
import type { SeriesStore } from '../metrics/series.js';
import type { ClusterPort } from '../prometheus/bind.js';
import { ask, whenAsked } from './asks.js';
import { CallFile } from './call-file.js';
import { collectAll } from './collect-all.js';
import { type ClusterKey, openDirectory } from './directory.js';
import { callsPath, type MemberId, Members, snapshotPath } from './members.js';
import { othersServe, setServing, waitUntilReleased } from './serving.js';
import { keepSnapshots } from './snapshots.js';

export interface Sources {
  /** Everything, with the callbacks of the application called. */
  collect(): Promise<CollectionResult>;
  /** What can be read without waiting. */
  current(): ScopeMetrics[];
}

/** The part of a process in its cluster. */
export interface ClusterPart {
  /** In a worker. */
  readonly store?: SeriesStore;
  readonly port: ClusterPort;
  begin(sources: Sources): void;
  serve(open: () => void): void;
  collect(own: () => Promise<CollectionResult>): Promise<CollectionResult>;
  leave(): void;
}

export interface Common {
  readonly key: ClusterKey;
  readonly resource: Resource;
  /** How many series a metric of ended workers may have. */
  readonly maxSeries: number;
}

export interface Member {
  /** What its gauges are labelled with. */
  readonly label: string;
  /** Called when another process or thread has something to show. Absent in a thread, which has no page. */
  readonly onServe?: () => void;
}

/** How long a server of the application waits at most for the port of the page. */
const RELEASE_TIMEOUT_MS = 500;
/** How long the application of the first worker may take its ports before the page takes one. */
const FIRST_DELAY_MS = 1_000;

/**
 * The part of a worker: its calls are kept in a file from the first one on, everything else in snapshots. If the primary
 * runs with Redhook, it has the page. If not, the workers have it together, on the port that they share.
 */
export function joinCluster({ key, resource, maxSeries }: Common, { label, onServe }: Member): ClusterPart {
  const directory = openDirectory(key);
  const own = ownId();
  const id: MemberId = `${label}_${own}`;
  const members = new Members(directory, maxSeries);
  members.absorb();
  const file = new CallFile(callsPath(directory, id));
  const shared = sharedResource(directory, key, resource);
  const port = clusterPort(directory, own, key.port);
  const hasLeader = (): boolean => existsSync(join(directory, 'primary'));
  const askForPage = (): void => void ask(directory, 'serve');
  const snapshots = keepSnapshots(snapshotPath(directory, id), file);
  whenAsked(directory, (what, token) => {
    if (what === 'release') port.release();
    else if (what === 'snapshot') snapshots.answer(token);
    else if (!hasLeader()) onServe?.();
  });

  return {
    store: (definition, cells) => file.add(definition, cells),
    port: { ...port, key: directory },
    begin: snapshots.begin,
    serve(open) {
      // Only the main thread of a process opens ports.
      if (onServe === undefined || hasLeader()) askForPage();
      // The port has proved to be free, and the other workers may be about to end.
      else if (othersServe(directory, own)) open();
      else setTimeout(() => (hasLeader() ? askForPage() : open()), FIRST_DELAY_MS).unref();
    },
    collect: (collect) => collectAll(collect, { directory, members, id, label, resource: shared }),
    leave() {
      snapshots.end();
      port.setServing(false);
      // A primary without Redhook does not remove it.
      const isOver = !isAlive(key.primary) && members.living().every((each) => each === id);
      if (isOver) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * The part of a primary, or of a main thread: it has the page of its workers or threads. `onServe` is called when one of them
 * has something to show.
 */
export function leadCluster(
  { key, resource, maxSeries }: Common,
  { label, onServe }: Required<Member>,
): ClusterPart {
  const directory = openDirectory(key);
  const own = ownId();
  const members = new Members(directory, maxSeries);
  const port = clusterPort(directory, own, key.port);
  writeFileSync(join(directory, 'primary'), own);
  const asks = whenAsked(directory, (what) => {
    if (what === 'release') port.release();
    else if (what === 'serve') onServe();
  });

  return {
    port,
    begin() {},
    serve: (open) => open(),
    collect: (collect) => collectAll(collect, { directory, members, id: undefined, label, resource }),
    leave() {
      asks.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function clusterPort(directory: string, own: ProcessId, port: number): ClusterPort & { release(): void } {
  let release: (port: number) => void = () => {};
  return {
    setServing(isServing) {
      try {
        setServing(directory, own, isServing);
      } catch {
        // The cluster is over.
      }
    },
    reclaim(wanted) {
      if (wanted !== port || !othersServe(directory, own)) return;
      ask(directory, 'release');
      waitUntilReleased(directory, own, RELEASE_TIMEOUT_MS);
    },
    whenReclaimed(callback) {
      release = callback;
    },
    release: () => release(port),
  };
}

/** What scrapers see is one instance, whichever worker answers. */
function sharedResource(directory: string, { primary }: ClusterKey, resource: Resource): Resource {
  const path = join(directory, 'instance');
  const INSTANCE = 'service.instance.id';
  try {
    writeFileSync(path, String(resource.attributes[INSTANCE]), { flag: 'wx' });
  } catch {
    // Another worker was first.
  }
  return resourceFromAttributes({
    ...resource.attributes,
    'process.pid': Number.parseInt(primary, 10),
    [INSTANCE]: readFileSync(path, 'utf8'),
  });
}

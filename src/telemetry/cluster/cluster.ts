import type { Resource } from '@opentelemetry/resources';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import type { Config } from '../../config/config.js';
import { log, reason } from '../../log.js';
import { idOf, type ProcessId } from '../../process-id.js';
import type { SeriesStore } from '../metrics/series.js';
import type { ClusterPort } from '../prometheus/bind.js';
import { type ClusterPart, type Common, joinCluster, leadCluster, type Sources } from './part.js';
import { isClusterWorker, whenForking, workerId } from './role.js';

/** What one process has to do with the metrics of its cluster: nothing, if it is in none. */
export interface ClusterMetrics {
  /** Where a worker keeps the numbers of its calls. */
  readonly store: SeriesStore | undefined;
  readonly port: () => ClusterPort | undefined;
  /** Says that this process has something to show, and how to read it. */
  begin(sources: Sources): void;
  /** Opens the page, here or in the primary. */
  serve(open: () => void): void;
  /** Adds what the other processes have measured. */
  collect(own: () => Promise<CollectionResult>): Promise<CollectionResult>;
  /** Saves the last values when the process ends. */
  leave(): void;
}

export interface ClusterHooks {
  readonly resource: Resource;
  /** Called as soon as there is something that the end of the process would lose. */
  arm(): void;
  /** Called where the page is when another process or thread has something to show. */
  serve(): void;
  /** In the main thread: calls back when another one has something to show. */
  readonly whenThreadJoins?: (callback: () => void) => void;
  /** In another thread. */
  readonly thread?: ThreadOfCluster;
}

/** A thread is to the main thread of its process what a worker is to its primary. */
export interface ThreadOfCluster {
  readonly primary: ProcessId;
  readonly label: string;
  /** Called when this thread has something to show. */
  joined(): void;
}

/** Joins the cluster of a worker, and leads one as soon as this process forks workers or has threads to show. */
export function openCluster(
  config: Config,
  { resource, arm, serve, whenThreadJoins, thread }: ClusterHooks,
): ClusterMetrics {
  const { serviceName, metrics } = config;
  const page = metrics.exporters.find(({ type }) => type === 'prometheus');
  let part: ClusterPart | undefined;

  const enter = (primary: ProcessId, open: (common: Common) => ClusterPart): void => {
    if (page?.type !== 'prometheus' || part !== undefined) return;
    try {
      part = open({
        key: { primary, port: page.port, serviceName },
        resource,
        maxSeries: metrics.maxSeries,
      });
      // What a thread would lose here, nobody could see: the page ends with the process.
      if (thread === undefined) arm();
    } catch (error) {
      log.warn(
        `metrics: the metrics of this cluster cannot be added up (${reason(error)}), expected a directory to write in; ` +
          `${thread === undefined ? 'each worker serves its own' : 'those of this thread are missing'}`,
      );
    }
  };
  const lead = (label: string): void =>
    enter(idOf(process.pid), (common) => leadCluster(common, { label, onServe: serve }));
  if (page === undefined) {
    // Pushed metrics are those of one process each.
  } else if (thread !== undefined) {
    return joinAsThread(thread, () => {
      enter(thread.primary, (common) => joinCluster(common, { label: thread.label }));
      return part;
    });
  } else if (isClusterWorker()) {
    const label = String(workerId());
    enter(idOf(process.ppid), (common) => joinCluster(common, { label, onServe: serve }));
  } else {
    whenForking(() => lead('primary'));
    whenThreadJoins?.(() => lead('main'));
  }

  return {
    store: part?.store,
    port: () => part?.port,
    begin: (sources) => part?.begin(sources),
    serve(open) {
      if (part === undefined) open();
      else part.serve(open);
    },
    collect: (own) => part?.collect(own) ?? own(),
    leave: () => leave(part),
  };
}

/** A thread that has nothing to show, such as that of a library, leaves no trace. */
function joinAsThread({ joined }: ThreadOfCluster, enter: () => ClusterPart | undefined): ClusterMetrics {
  let isIn = false;
  let part: ClusterPart | undefined;
  const join = (): ClusterPart | undefined => {
    if (isIn) return part;
    isIn = true;
    part = enter();
    joined();
    return part;
  };
  return {
    store: (definition, cells) => join()?.store?.(definition, cells) ?? (() => {}),
    port: () => part?.port,
    begin: (sources) => join()?.begin(sources),
    serve: (open) => part?.serve(open),
    collect: (own) => own(),
    leave: () => leave(part),
  };
}

/** Spans are still to be sent, whatever becomes of the files. */
function leave(part: ClusterPart | undefined): void {
  try {
    part?.leave();
  } catch (error) {
    log.warn(`metrics: the files of the cluster cannot be left in order: ${reason(error)}`);
  }
}

import type { Resource } from '@opentelemetry/resources';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import type { Config } from '../../config/config.js';
import { log, reason } from '../../log.js';
import type { SeriesStore } from '../metrics/series.js';
import type { ClusterPort } from '../prometheus/bind.js';
import type { ClusterPart, Sources } from './part.js';
import { joinCluster, leadCluster } from './part.js';
import { processId } from './process-id.js';
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
  /** Called in a primary when one of its workers has something to show. */
  serve(): void;
}

/** Joins the cluster of a worker, and leads one as soon as this process forks workers. */
export function openCluster(config: Config, { resource, arm, serve }: ClusterHooks): ClusterMetrics {
  const { serviceName, metrics } = config;
  const page = metrics.exporters.find(({ type }) => type === 'prometheus');
  let part: ClusterPart | undefined;

  const enter = (primary: number, open: (common: Parameters<typeof leadCluster>[0]) => ClusterPart): void => {
    if (page?.type !== 'prometheus') return;
    try {
      const key = { primary: processId(primary) ?? `${primary}.`, port: page.port, serviceName };
      part = open({ key, resource, maxSeries: metrics.maxSeries });
      arm();
    } catch (error) {
      log.warn(
        `metrics: the metrics of this cluster cannot be added up (${reason(error)}), expected a directory to write in; ` +
          'each worker serves its own',
      );
    }
  };
  if (page === undefined) {
    // Pushed metrics are those of one process each.
  } else if (isClusterWorker()) {
    enter(process.ppid, (common) => joinCluster(common, String(workerId())));
  } else {
    whenForking(() => enter(process.pid, (common) => leadCluster(common, serve)));
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
    leave: () => part?.leave(),
  };
}

import { type Attributes, createNoopMeter, type MeterProvider } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { CollectionResult, MetricCollectOptions, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import { markAsOwn } from '../../calls/own-traffic.js';
import type { IncludeExclude, MetricsConfig } from '../../config/config.js';
import type { ClusterMetrics } from '../cluster/cluster.js';
import { includesName } from '../include-exclude.js';
import { lazily } from '../lazily.js';
import { isForPeople, isLoopback } from '../live/audience.js';
import type { LiveTraces } from '../live/live-traces.js';
import type { PendingRequest } from '../otlp/flush.js';
import { createDiscovery } from '../prometheus/discovery.js';
import { createPrometheusEndpoint } from '../prometheus/endpoint.js';
import { SCOPE } from '../scope.js';
import type { InternalMetrics } from './internal.js';
import { openMetricsSdk } from './metrics-sdk.js';
import type { Red } from './red.js';
import type { ScrapedPages } from './scraped-pages.js';

/** For callbacks of the application, when another process of the cluster asks. */
const COLLECT_TIMEOUT_MS = 1_000;

export interface Metrics {
  /** For the application's own instruments. */
  readonly provider: MeterProvider;
  startRuntimeMetrics(): void;
  /** Opens the endpoints, if they are not open yet. */
  serve(): void;
  /** Takes away what shows to others where the pages are. */
  leave(): void;
  /**
   * Requests that carry the last values of RED, of Redhook's health and of the application's instruments, to be sent
   * when the process ends.
   */
  pendingRequests(): PendingRequest[];
}

interface MetricSources {
  readonly resource: Resource;
  readonly serviceName: string;
  /** The traces for the page for people, where it may show any. */
  readonly liveTraces: LiveTraces | undefined;
  readonly describe: () => object;
  readonly red: Red;
  readonly internal: InternalMetrics;
  readonly scrapedPages: ScrapedPages;
  readonly cluster: ClusterMetrics;
  /** Called as soon as there is something that this process must take away when it ends. */
  arm(): void;
}

/**
 * Wires what is measured to what reads it. The SDK loads when something is to be read, or when the application asks for
 * a meter: a process that only starts does not need it.
 */
export function startMetrics(
  config: MetricsConfig,
  { resource, serviceName, liveTraces, describe, red, internal, scrapedPages, cluster, arm }: MetricSources,
): Metrics {
  const metricProducers = [red.producer, internal.producer, scrapedPages.producer];
  const sdk = lazily('metrics: the SDK', () => openMetricsSdk({ resource, config, metricProducers }));
  const collect = async (options: MetricCollectOptions): Promise<CollectionResult> => {
    const loaded = sdk();
    if (loaded === undefined) throw new Error('the SDK could not be loaded');
    return loaded.collect(options);
  };
  const collectAll: typeof collect = (options) => cluster.collect(() => collect(options));
  const discovery =
    config.discovery === undefined ? undefined : createDiscovery(config.discovery, serviceName);
  const endpoints = config.exporters
    .filter((each) => each.type === 'prometheus')
    .map(({ page, ...address }) =>
      createPrometheusEndpoint({
        ...address,
        ...(discovery && {
          onListening(port) {
            arm();
            discovery.publish(page, { ...address, port });
          },
          onClosed: () => discovery.withdraw(page),
        }),
        ...page,
        live: isForPeople(address.host, config.livePage)
          ? {
              serviceName,
              isLocal: isLoopback(address.host),
              collect: collectAll,
              traces: liveTraces,
              describe,
            }
          : undefined,
        constantLabels: pick(resource.attributes, page.resourceLabels),
        internal,
        markAsOwn,
        collect: collectAll,
        clusterPort: cluster.port,
      }),
    );
  const ours = (): ScopeMetrics => ({ scope: SCOPE, metrics: [...red.metrics(), ...internal.metrics()] });
  const isPushed = config.exporters.some(({ type }) => type === 'otlp');
  // The interval of the pushes begins with the process.
  if (isPushed) sdk();

  return {
    provider: { getMeter: (...args) => sdk()?.provider.getMeter(...args) ?? createNoopMeter() },
    startRuntimeMetrics: () => sdk()?.startRuntimeMetrics(),
    serve() {
      cluster.begin({
        collect: () => collect({ timeoutMillis: COLLECT_TIMEOUT_MS }),
        current: () => [...(sdk()?.current() ?? []), ours(), { scope: SCOPE, metrics: scrapedPages.last() }],
      });
      cluster.serve(() => {
        for (const endpoint of endpoints) endpoint.listen();
      });
    },
    leave: () => discovery?.withdrawAll(),
    pendingRequests() {
      return (isPushed && sdk()?.pendingRequests(ours())) || [];
    },
  };
}

function pick(attributes: Attributes, names: IncludeExclude): Attributes {
  const isIncluded = includesName(names);
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isIncluded(name)));
}

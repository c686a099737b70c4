import { context, type MeterProvider, metrics as metricsApi, propagation, trace } from '@opentelemetry/api';
import { isIncoming } from '../calls/call.js';
import { contexts } from '../calls/context.js';
import type { CallObserver } from '../calls/observer.js';
import type { Config } from '../config/config.js';
import type { Gauge } from '../instrumentation.js';
import type { Live } from '../live.js';
import { log, reason } from '../log.js';
import { type ClusterHooks, openCluster } from './cluster/cluster.js';
import { adoptDiagnostics } from './diag.js';
import { mayHaveAudience } from './live/audience.js';
import { createLiveTraces } from './live/live-traces.js';
import { createInternalMetrics } from './metrics/internal.js';
import { startMetrics } from './metrics/metrics.js';
import { createRed } from './metrics/red.js';
import { createScrapedPages } from './metrics/scraped-pages.js';
import { flushSync, type PendingRequest } from './otlp/flush.js';
import { createPropagator } from './propagator.js';
import { createResource } from './resource.js';
import { startTraces } from './traces/traces.js';
import { unrecordedSpans } from './traces/unrecorded-span.js';
import { whenLasting } from './when-lasting.js';
import { whenListening } from './when-listening.js';

export interface Telemetry {
  /** RED comes first, because it sets the labels that the spans of one series share. */
  readonly observers: readonly CallObserver[];
  readonly addGauge: (gauge: Gauge) => void;
  readonly addScrapedPage: (url: string) => void;
  /** The remaining data, which is then no longer here. */
  pendingRequests(): PendingRequest[];
  /**
   * Sends the remaining data before the process ends, with that of others, whom it gives a quarter of the time. Blocks for the
   * configured time at most.
   */
  flush(takeOthers: (timeoutMs: number) => PendingRequest[]): void;
}

export interface Surroundings extends Pick<ClusterHooks, 'whenThreadJoins' | 'thread'> {
  /** Called as soon as there is something that the end of the process would lose. */
  arm(): void;
  /**
   * Called once this process has turned out to be an application: it listens, makes or serves a call, uses the API of
   * OpenTelemetry, or lasts without child processes. Tools that only start the application do none of this.
   */
  announce(): void;
  /** For the page for people. */
  describe(): object;
}

/** Wires everything behind the Call, and registers the global providers for the application's own telemetry. */
export function startTelemetry(
  settings: Live<Config>,
  { arm, announce, describe, ...threads }: Surroundings,
): Telemetry {
  const config = settings.current;
  const resource = createResource(config);
  const internal = createInternalMetrics();
  const scrapedPages = createScrapedPages();
  const dropped = internal.counter('redhook.spans.dropped', 'Spans that were not delivered.', '{span}');
  const evicted = internal.counter(
    'redhook.keep.evicted',
    'Spans let go before it was known whether their trace is kept.',
    '{span}',
  );
  // Pushed runtime metrics count from the start; scraped ones from the moment when they can be scraped.
  const isPushed = config.metrics.exporters.some(({ type }) => type === 'otlp');
  const isTraced = config.traces.exporters.length > 0;
  // Without spans there is nothing that an exemplar could point to.
  const redOptions = isTraced ? config.metrics : { ...config.metrics, exemplars: 'always_off' as const };
  const cluster = openCluster(config, { resource, arm, serve: () => serve(), ...threads });
  const red = createRed(redOptions, cluster.store);
  const announceOnce = once(announce);
  /** Called at the first call or span. */
  const begin = once(() => {
    announceOnce();
    if (isTraced || isPushed) arm();
  });
  const liveTraces = isTraced && mayHaveAudience(config.metrics) ? createLiveTraces() : undefined;
  const traces = isTraced
    ? startTraces(settings, resource, { dropped, evicted }, begin, liveTraces && [liveTraces])
    : undefined;
  const metrics = startMetrics(config.metrics, {
    resource,
    serviceName: config.serviceName,
    liveTraces,
    describe,
    red,
    internal,
    scrapedPages,
    cluster,
    arm,
  });

  const startRuntime = (): void => {
    if (config.instrumentations['runtime']) metrics.startRuntimeMetrics();
  };
  const serve = once(() => {
    announceOnce();
    try {
      if (!isPushed) setImmediate(startRuntime).unref();
      metrics.serve();
    } catch (error) {
      // The first server of the application, or a timer, leads here. Node would throw the error into the application.
      log.error(`metrics: ${reason(error)}; there is no page, the application is not affected`);
    }
  });
  const serveIfLasting = once(whenLasting(serve));
  const used: CallObserver = {
    start({ kind }) {
      begin();
      if (isIncoming(kind)) serve();
      else serveIfLasting();
      return undefined;
    },
    end() {},
  };

  // Before the global provider is set: the constructor of the runtime metrics takes a meter from it, as an application
  // does, and that would start to serve.
  if (isPushed) startRuntime();
  adoptDiagnostics();
  context.setGlobalContextManager(contexts);
  propagation.setGlobalPropagator(createPropagator(config.propagators));
  if (traces !== undefined) trace.setGlobalTracerProvider(traces.provider);
  metricsApi.setGlobalMeterProvider(servedWhenUsed(metrics.provider, serve, isPushed ? begin : () => {}));

  const pendingRequests = (): PendingRequest[] => [
    ...(traces?.pendingRequests() ?? []),
    ...metrics.pendingRequests(),
  ];

  whenListening(serve);
  whenLasting(announceOnce);

  return {
    observers: [used, red.observer, traces?.observer ?? unrecordedSpans],
    addGauge: internal.gauge,
    addScrapedPage(url) {
      scrapedPages.add(url);
      serve();
    },
    pendingRequests,
    flush(takeOthers) {
      metrics.leave();
      const start = performance.now();
      const others = takeOthers(config.exitTimeoutMs / 4);
      const waited = Math.floor(performance.now() - start);
      cluster.leave();
      flushSync([...pendingRequests(), ...others], config.exitTimeoutMs - waited);
    },
  };
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

/** Serves metrics as soon as the application asks for a meter, even if it listens on no port itself. */
function servedWhenUsed(provider: MeterProvider, serve: () => void, arm: () => void): MeterProvider {
  return {
    getMeter(...args) {
      arm();
      serve();
      return provider.getMeter(...args);
    },
  };
}

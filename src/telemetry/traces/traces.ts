import { ProxyTracer, type TracerProvider } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { CallObserver } from '../../calls/observer.js';
import type { TracesConfig } from '../../config/config.js';
import { derived, type Live } from '../../live.js';
import { lazily } from '../lazily.js';
import type { InternalCounter } from '../metrics/internal.js';
import type { PendingRequest } from '../otlp/flush.js';
import { RandomIdGenerator } from './id-generator.js';
import { createKeeper } from './keeper.js';
import { openOutput } from './output.js';
import { createSampling, type Sampling } from './sampling.js';
import { createSpanObserver } from './spans.js';
import { createTracerProvider } from './tracer-provider.js';

export interface Traces {
  /** For the application's own spans. */
  readonly provider: TracerProvider;
  /** Makes the spans of calls. */
  readonly observer: CallObserver;
  /** The undelivered spans as requests, for the flush at exit. The console prints the spans that it still holds. */
  pendingRequests(): PendingRequest[];
}

/** Of spans that are lost: those that were not delivered, and those that were not held until their trace was decided. */
export interface SpanCounters {
  readonly dropped: InternalCounter;
  readonly evicted: InternalCounter;
}

/**
 * Wires sampling, limits and exporters. They apply to the application's own spans too, and `onOwnSpan` is called
 * whenever one of these starts. Of the settings only those of sampling may change later. `more` get
 * the spans too.
 */
export function startTraces(
  settings: Live<{ readonly traces: TracesConfig }>,
  resource: Resource,
  { dropped, evicted }: SpanCounters,
  onOwnSpan: () => void,
  more: readonly SpanProcessor[] = [],
): Traces {
  const { exporters, limits } = settings.current.traces;
  const outputs = exporters.map((exporter) => openOutput(exporter, resource, dropped));
  const processors = [...outputs.map(({ processor }) => processor), ...more];
  const keeper = derived(
    () => settings.current.traces.keep,
    (keep) =>
      keep && lazily('traces: the buffer of traces.keep', () => createKeeper(keep, processors, evicted))(),
  );
  const sampling = derived(
    () => settings.current.traces,
    (traces) => createSampling(traces, processors, keeper()),
  );
  const ids = new RandomIdGenerator();
  const spanLimits = {
    attributeCountLimit: limits.attributeCount,
    attributeValueLengthLimit: limits.attributeValueLength,
    eventCountLimit: limits.eventCount,
    linkCountLimit: limits.linkCount,
    attributePerEventCountLimit: limits.eventAttributeCount,
    attributePerLinkCountLimit: limits.linkAttributeCount,
  };
  const createProvider = (): SdkTracerProvider =>
    createTracerProvider({
      resource,
      idGenerator: ids,
      sampler: currentSampler(sampling),
      spanProcessors: [currentProcessor(sampling, processors), { ...NO_PROCESSOR, onStart: onOwnSpan }],
      spanLimits,
    });
  return {
    provider: providerWhenUsed(lazily('traces: the SDK', createProvider)),
    observer: createSpanObserver({ resource, sampling, ids, limits: spanLimits }),
    pendingRequests: () => outputs.flatMap((output) => output.pendingRequests()),
  };
}

type SdkTracerProvider = ReturnType<typeof createTracerProvider>;

/** What applications call of the provider that they get from the API. */
function providerWhenUsed(
  load: () => SdkTracerProvider | undefined,
): Pick<SdkTracerProvider, 'getTracer' | 'forceFlush' | 'shutdown'> {
  return {
    // Many libraries take a tracer as they load and never use it.
    getTracer: (...args) =>
      new ProxyTracer({ getDelegateTracer: (...tracer) => load()?.getTracer(...tracer) }, ...args),
    forceFlush: async (...args) => load()?.forceFlush(...args),
    shutdown: async () => load()?.shutdown(),
  };
}

/** What the SDK asks: it keeps the sampler and the processors that it has once been given. */
function currentSampler(sampling: () => Sampling): Sampler {
  return {
    shouldSample: (...args) => sampling().sampler.shouldSample(...args),
    toString: () => String(sampling().sampler),
  };
}

function currentProcessor(sampling: () => Sampling, exporters: readonly SpanProcessor[]): SpanProcessor {
  return {
    onStart(...args) {
      for (const processor of sampling().processors) processor.onStart(...args);
    },
    onEnd(...args) {
      for (const processor of sampling().processors) processor.onEnd(...args);
    },
    async forceFlush() {
      await Promise.all(exporters.map((exporter) => exporter.forceFlush()));
    },
    async shutdown() {
      await Promise.all(exporters.map((exporter) => exporter.shutdown()));
    },
  };
}

const NO_PROCESSOR: SpanProcessor = {
  onStart() {},
  onEnd() {},
  async forceFlush() {},
  async shutdown() {},
};

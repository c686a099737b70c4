import { ProxyTracerProvider, type TracerProvider } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { CallObserver } from '../../calls/observer.js';
import type { ConsoleExporter, OtlpExporter, TracesConfig } from '../../config/config.js';
import { ConsoleSpanProcessor } from '../console/console.js';
import { lazily } from '../lazily.js';
import type { InternalCounter } from '../metrics/internal.js';
import type { PendingRequest } from '../otlp/flush.js';
import { OtlpSpanProcessor } from '../otlp/span-processor.js';
import { SCOPE } from '../scope.js';
import { RandomIdGenerator } from './id-generator.js';
import { createSampler } from './sampler.js';
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

/**
 * Wires the sampler, limits and exporters. They apply to the application's own spans too, and `onOwnSpan` is called
 * whenever one of these starts.
 */
export function startTraces(
  { exporters, sampler: samplerConfig, queue, limits }: TracesConfig,
  resource: Resource,
  dropped: InternalCounter,
  onOwnSpan: () => void,
): Traces {
  const outputs = exporters.map((exporter) => openOutput(exporter, queue, resource, dropped));
  const processors = outputs.map(({ processor }) => processor);
  const sampler = createSampler(samplerConfig);
  const ids = new RandomIdGenerator();
  const spanLimits = {
    attributeCountLimit: limits.attributeCount,
    attributeValueLengthLimit: limits.attributeValueLength,
    eventCountLimit: limits.eventCount,
    linkCountLimit: limits.linkCount,
  };
  const createProvider = (): SdkTracerProvider =>
    createTracerProvider({
      resource,
      idGenerator: ids,
      sampler,
      spanProcessors: [...processors, { ...NO_PROCESSOR, onStart: onOwnSpan }],
      spanLimits,
    });
  return {
    provider: providerWhenUsed(lazily('traces: the SDK', createProvider)),
    observer: createSpanObserver({ resource, sampler, ids, limits: spanLimits, processors }),
    pendingRequests: () => outputs.flatMap((output) => output.pendingRequests()),
  };
}

type SdkTracerProvider = ReturnType<typeof createTracerProvider>;

/** What applications call of the provider that they get from the API. */
function providerWhenUsed(
  load: () => SdkTracerProvider | undefined,
): Pick<SdkTracerProvider, 'getTracer' | 'forceFlush' | 'shutdown'> {
  return {
    getTracer: (...args) => (load() ?? new ProxyTracerProvider()).getTracer(...args),
    forceFlush: async (...args) => load()?.forceFlush(...args),
    shutdown: async () => load()?.shutdown(),
  };
}

const NO_PROCESSOR: SpanProcessor = {
  onStart() {},
  onEnd() {},
  async forceFlush() {},
  async shutdown() {},
};

interface Output {
  readonly processor: SpanProcessor;
  pendingRequests(): PendingRequest[];
}

function openOutput(
  exporter: OtlpExporter | ConsoleExporter,
  queue: TracesConfig['queue'],
  resource: Resource,
  dropped: InternalCounter,
): Output {
  if (exporter.type === 'console') {
    const console = new ConsoleSpanProcessor({ colour: exporter.colour });
    return {
      processor: console,
      pendingRequests() {
        console.flush();
        return [];
      },
    };
  }
  const processor = new OtlpSpanProcessor({ exporter, queue, resource, scope: SCOPE, dropped });
  return {
    processor,
    pendingRequests: () => processor.pending().map((request) => ({ exporter, signal: 'traces', ...request })),
  };
}

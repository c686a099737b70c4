import { isatty } from 'node:tty';
import type { TracerProvider as TracerProviderApi } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { CallObserver } from '../../calls/observer.js';
import type { ConsoleExporter, OtlpExporter, TracesConfig } from '../../config/config.js';
import { createConsole } from '../console/console.js';
import type { LastRequest } from '../otlp/flush.js';
import { type Counter, SpanQueue } from '../otlp/span-processor.js';
import { RandomIds } from './id-generator.js';
import { createSampler } from './sampler.js';
import { CALL_SCOPE, createSpans } from './spans.js';

const STDOUT = 1;

export interface Traces {
  /** For the application's own spans. */
  readonly provider: TracerProviderApi;
  /** Makes the spans of calls. */
  readonly observer: CallObserver;
  /** What is not delivered yet, for the end of the process; the console prints what it still holds. */
  lastRequests(): LastRequest[];
}

/** Wires sampler, limits and exporters; the application's own spans take the same road. */
export function startTraces(
  { exporters, sampler: samplerConfig, queue, limits }: TracesConfig,
  resource: Resource,
  dropped: Counter,
): Traces {
  const outlets = exporters.map((exporter) => openOutlet(exporter, queue, resource, dropped));
  const processors = outlets.map(({ processor }) => processor);
  const sampler = createSampler(samplerConfig);
  const ids = new RandomIds();
  const spanLimits = {
    attributeCountLimit: limits.attributeCount,
    attributeValueLengthLimit: limits.attributeValueLength,
    eventCountLimit: limits.eventCount,
    linkCountLimit: limits.linkCount,
  };
  return {
    provider: new TracerProvider({
      resource,
      idGenerator: ids,
      sampler,
      spanProcessors: processors,
      spanLimits,
    }),
    observer: createSpans({ resource, sampler, ids, limits: spanLimits, processors }),
    lastRequests: () => outlets.flatMap((outlet) => outlet.lastRequests()),
  };
}

interface Outlet {
  readonly processor: SpanProcessor;
  lastRequests(): LastRequest[];
}

function openOutlet(
  exporter: OtlpExporter | ConsoleExporter,
  queue: TracesConfig['queue'],
  resource: Resource,
  dropped: Counter,
): Outlet {
  if (exporter.type === 'console') {
    const console = createConsole({ colour: exporter.colour ?? isatty(STDOUT) });
    return {
      processor: console,
      lastRequests() {
        console.drain();
        return [];
      },
    };
  }
  const processor = new SpanQueue({ exporter, queue, resource, scope: CALL_SCOPE, dropped });
  return {
    processor,
    lastRequests: () => processor.pending().map((body) => ({ exporter, signal: 'traces', body })),
  };
}

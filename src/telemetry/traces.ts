import { isatty } from 'node:tty';
import type { Tracer, TracerProvider as TracerProviderApi } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ConsoleExporter, OtlpExporter, TracesConfig } from '../config/config.js';
import { version } from '../version.js';
import { createConsole } from './console.js';
import { GivenIds } from './ids.js';
import type { LastRequest } from './otlp/drain.js';
import { type Counter, SpanQueue } from './queue.js';
import { createSampler } from './sampler.js';

const STDOUT = 1;

export interface Traces {
  readonly provider: TracerProviderApi;
  /** For the spans of calls. */
  readonly tracer: Tracer;
  readonly ids: GivenIds;
  /** What is not delivered yet, for the end of the process; the console prints what it still holds. */
  lastRequests(): LastRequest[];
}

/** Wires sampler, limits and exporters; the application's own spans take the same road. */
export function startTraces(
  { exporters, sampler, queue, limits }: TracesConfig,
  resource: Resource,
  dropped: Counter,
): Traces {
  const outlets = exporters.map((exporter) => openOutlet(exporter, queue, dropped));
  const ids = new GivenIds();
  const provider = new TracerProvider({
    resource,
    idGenerator: ids,
    sampler: createSampler(sampler),
    spanProcessors: outlets.map(({ processor }) => processor),
    spanLimits: {
      attributeCountLimit: limits.attributeCount,
      attributeValueLengthLimit: limits.attributeValueLength,
      eventCountLimit: limits.eventCount,
      linkCountLimit: limits.linkCount,
    },
  });
  return {
    provider,
    tracer: provider.getTracer('redhook', version),
    ids,
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
  const processor = new SpanQueue({ exporter, queue, dropped });
  return {
    processor,
    lastRequests: () => processor.pending().map((body) => ({ exporter, signal: 'traces', body })),
  };
}

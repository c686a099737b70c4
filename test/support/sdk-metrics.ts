/** The SDK as an application uses it, collected on demand. */
import { type Attributes, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  type MetricProducer,
  MetricReader,
  type ResourceMetrics,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { createCalls } from '../../src/calls/calls.js';
import type { CallRecord } from '../../src/calls/observer.js';
import type { CallKind } from '../../src/instrumentation.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../src/semconv/http.js';
import { KNOWN_METHODS } from '../../src/semconv/http-methods.js';
import type { Red } from '../../src/telemetry/metrics/red.js';

class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

export interface Sdk {
  provider: MeterProvider;
  read(): Promise<ResourceMetrics>;
}

export function startSdk(
  producers: MetricProducer[] = [],
  { views = [], resource = {} }: { views?: ViewOptions[]; resource?: Attributes } = {},
): Sdk {
  const reader = new ManualReader({ metricProducers: producers });
  const attributes = { 'service.name': 'orders', 'host.name': 'box', ...resource };
  const provider = new MeterProvider({
    resource: resourceFromAttributes(attributes),
    readers: [reader],
    views,
  });
  return { provider, read: async () => (await reader.collect()).resourceMetrics };
}

export interface CallSpec {
  kind?: CallKind;
  method?: string;
  route?: string;
  code?: number;
  error?: unknown;
  attributes?: Attributes;
  /** Seconds. */
  duration?: number;
  span?: { traceId: string; spanId: string; traceFlags: number };
}

/** Ends calls as `call.ts` does, but with a duration and a span that the test chooses. */
export function callsInto(red: Red): (spec?: CallSpec) => void {
  return ({
    kind = 'server',
    method = 'GET',
    route,
    code,
    error,
    attributes = {},
    duration = 0.03,
    span,
  } = {}) => {
    const calls = createCalls({
      knownOperations: { [HTTP_SERVER.operation]: KNOWN_METHODS },
      observers: [
        {
          end(call) {
            const record: CallRecord = {
              kind: call.kind,
              convention: call.convention,
              traced: call.traced,
              links: undefined,
              messages: 1,
              ended: undefined,
              operation: call.operation,
              route: call.route,
              attributes: call.attributes,
              spanOnlyAttributes: undefined,
              failed: call.failed,
              error: call.error,
              duration,
              span: span && trace.wrapSpanContext(span),
              name() {},
              set() {},
            };
            red.observer.end(record);
          },
        },
      ],
    });
    const call = calls.open({
      kind,
      convention: kind === 'server' ? HTTP_SERVER : HTTP_CLIENT,
      operation: method,
      attributes: { 'url.scheme': 'http', 'network.protocol.version': '1.1', ...attributes } as never,
    });
    if (route !== undefined) call?.name(route);
    call?.end({ code, error });
  };
}

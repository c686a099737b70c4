import { context, propagation } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace';
import { expect } from 'vitest';
import { type CallRegistry, createCalls } from '../../src/calls/calls.js';
import { contexts } from '../../src/calls/context.js';
import type { CallRecord } from '../../src/calls/observer.js';
import { asOwnTraffic } from '../../src/calls/own-traffic.js';
import { attach } from '../../src/hooks/attach.js';
import type { Gauge, GaugePoint, Instrumentation } from '../../src/instrumentation.js';
import { HTTP_SERVER } from '../../src/semconv/http.js';
import { KNOWN_METHODS } from '../../src/semconv/http-methods.js';
import { createRed } from '../../src/telemetry/metrics/red.js';
import { CallSpan } from '../../src/telemetry/traces/call-span.js';
import { RandomIdGenerator } from '../../src/telemetry/traces/id-generator.js';
import { createSpanObserver } from '../../src/telemetry/traces/spans.js';
import { seriesText, textOf } from './labels.js';

/** An ended call, as tests see it. */
export interface Ended {
  kind: string;
  operation: string;
  route: string | undefined;
  code: unknown;
  error: unknown;
  traceId: string | undefined;
  spanId: string | undefined;
  parentSpanId: string | undefined;
  /** How many messages it carried. */
  messages: number;
  /** The ids of the spans that it links to. */
  links: string[];
  attributes: CallRecord['attributes'];
}

/** What a call was, and how it ended. */
export function outcome({ route, code, error }: Ended): Pick<Ended, 'route' | 'code' | 'error'> {
  return { route, code, error };
}

export interface Recorder {
  calls: CallRegistry;
  ended: Ended[];
  /**
   * Waits for exactly `count` ended calls, waits a little longer for any extra call, and then forgets them. Every test
   * thereby also checks that each call has made one span and one RED observation with the same labels, and that a
   * call's labels are only those of its convention.
   */
  take(count: number): Promise<Ended[]>;
  /** Forgets what has ended so far. */
  forget(): void;
  /** The current points of a gauge. */
  gauge(name: string): GaugePoint[];
  /** Runs the tasks that normally poll services once a minute. */
  pollServices(): Promise<void>;
}

/** Attaches instrumentations to a real library and records the calls, spans and RED series that they make. */
export function record(...instrumentations: Instrumentation[]): Recorder {
  context.setGlobalContextManager(contexts);
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  const exporter = new InMemorySpanExporter();
  const sampling = {
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    unsampled: SamplingDecision.NOT_RECORD,
    processors: [new SimpleSpanProcessor({ exporter })],
  };
  const spans = createSpanObserver({
    resource: emptyResource(),
    sampling: () => sampling,
    ids: new RandomIdGenerator(),
    limits: {},
  });
  const red = createRed({ maxRoutes: 500, maxSeries: 10_000, exemplars: 'trace_based' });
  const ended: Ended[] = [];
  /** Attributes that are not labels of the convention. Labels are encoded once for a series, which would omit these. */
  const unknownLabels: string[] = [];
  /** The histograms of calls whose convention their instrumentation does not list. */
  const undeclared: string[] = [];
  const declared = new Set(instrumentations.flatMap(({ conventions }) => conventions));
  const gauges: Gauge[] = [];
  const tasks: (() => Promise<void>)[] = [];
  const calls = createCalls({
    knownOperations: { [HTTP_SERVER.operation]: KNOWN_METHODS },
    propagateDeadlines: true,
    addGauge: (gauge) => gauges.push(gauge),
    poll: (_, task) => tasks.push(task),
    observers: [
      red.observer,
      spans,
      {
        end({ kind, operation, route, attributes, convention, span, links, messages }) {
          unknownLabels.push(...Object.keys(attributes).filter((name) => !convention.labels.includes(name)));
          if (!declared.has(convention)) undeclared.push(convention.histogram);
          const { traceId, spanId } = span?.spanContext() ?? {};
          const code = convention.code && attributes[convention.code];
          ended.push({
            kind,
            operation,
            route,
            code,
            error: attributes['error.type'],
            traceId,
            spanId,
            parentSpanId: span instanceof CallSpan ? span.parentSpanContext?.spanId : undefined,
            messages,
            links: links?.spans.map((linked) => linked.spanId) ?? [],
            attributes: span instanceof CallSpan ? span.attributes : attributes,
          });
        },
      },
    ],
  });
  for (const each of instrumentations) attach(each, calls);

  const counted = new Map<string, number>();

  /** The series whose count has grown since the last call, once for each new observation. */
  function observed(): string[] {
    const fresh: string[] = [];
    for (const { descriptor, dataPoints } of red.metrics()) {
      if (!descriptor.name.endsWith('.duration')) continue;
      for (const { attributes, value } of dataPoints) {
        const series = `${descriptor.name} ${textOf(attributes)}`;
        const { count } = value as { count: number };
        for (let seen = counted.get(series) ?? 0; seen < count; seen += 1) fresh.push(series);
        counted.set(series, count);
      }
    }
    return fresh.sort();
  }

  return {
    calls,
    ended,
    gauge: (name) => gauges.filter((each) => each.name === name).flatMap((each) => [...each.read()]),
    async pollServices() {
      for (const task of tasks) await asOwnTraffic(task);
    },
    forget() {
      ended.length = 0;
      exporter.reset();
      observed();
    },
    async take(count) {
      await expect.poll(() => ended.length, { timeout: 5_000, interval: 5 }).toBeGreaterThanOrEqual(count);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const taken = ended.splice(0);
      const spans = exporter.getFinishedSpans().map(seriesOf);
      exporter.reset();
      expect(taken).toHaveLength(count);
      expect(spans.sort()).toEqual(observed());
      expect(unknownLabels).toEqual([]);
      expect(undeclared).toEqual([]);
      return taken;
    },
  };
}

/** The series in which the call of a span must have been counted. */
function seriesOf(span: ReadableSpan): string {
  if (!(span instanceof CallSpan)) throw new Error(`${span.name} is not the span of a call`);
  return seriesText(span.call.convention, span.attributes);
}

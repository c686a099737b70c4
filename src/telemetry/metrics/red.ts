import { INVALID_TRACEID, type SpanContext } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { CallObserver, CallRecord } from '../../calls/observer.js';
import type { MetricsConfig } from '../../config/config.js';
import type { Attributes } from '../../instrumentation.js';
import type { CallConvention } from '../../semconv/convention.js';
import { isSampled } from '../traces/sampled.js';
import { CallCounters } from './call-counters.js';
import { CallHistogram } from './call-histogram.js';
import { type CallStream, callStreams } from './call-views.js';
import { createInternalMetrics, producerOf } from './internal.js';
import type { Series, SeriesStore } from './series.js';

export type RedOptions = Pick<MetricsConfig, 'exemplars' | 'maxRoutes' | 'maxSeries' | 'views'>;

export interface Red {
  readonly observer: CallObserver;
  /** The duration histograms with `CallDataPoint`s, the counters of messages, and the overflow counter. Cumulative since `createRed`. */
  metrics(): MetricData[];
  /** Offers `metrics` to the readers of the SDK. */
  readonly producer: MetricProducer;
}

/** One way in which the calls of a convention are counted, with what was counted. */
interface Stream extends CallStream {
  readonly histogram: CallHistogram;
  readonly maxSeries: number;
}

const MAY_BE_EXEMPLAR: Record<MetricsConfig['exemplars'], (span: SpanContext) => boolean> = {
  always_off: () => false,
  trace_based: isSampled,
  always_on: ({ traceId }) => traceId !== INVALID_TRACEID,
};

/**
 * Measures the rate, errors and duration (RED) of calls. Every call is counted once, whether it is sampled or not.
 * Memory is bounded: a series takes about 1.3 KB (2.9 KB with an exemplar in each bucket), and a call beyond
 * `maxRoutes` or `maxSeries` of its histogram goes to the overflow series there, so that no kind of call can use up what
 * another one needs. `redhook.red.overflow` counts these calls. A `store` keeps the numbers
 * outside this process, too.
 */
export function createRed(
  { maxRoutes, maxSeries, exemplars, views = [] }: RedOptions,
  store?: SeriesStore,
): Red {
  const startTime = millisToHrTime(Date.now());
  const mayBeExemplar = MAY_BE_EXEMPLAR[exemplars];
  const streams = new Map<string, readonly Stream[]>();
  const counters = new CallCounters();

  const internal = createInternalMetrics();
  const overflowed = internal.counter(
    'redhook.red.overflow',
    'Calls counted in an overflow series because a limit was reached.',
    '{call}',
  );
  overflowed.add(0, { reason: 'route' });
  overflowed.add(0, { reason: 'series' });

  /** By its name: each chunk of the bundle has its own copy of a convention that several libraries share. */
  function streamsOf(convention: CallConvention): readonly Stream[] {
    const known = streams.get(convention.histogram);
    if (known !== undefined) return known;
    const ways = views.length === 0 ? [{ convention, isWhole: true }] : callStreams(convention, views);
    const made = ways.map((stream) => ({
      maxSeries,
      ...stream,
      histogram: new CallHistogram(stream.convention, store),
    }));
    streams.set(convention.histogram, made);
    return made;
  }

  /** Adds a series for this call, or returns the overflow series if a limit is reached. */
  function admit({ histogram, maxSeries }: Stream, { attributes, convention }: CallRecord): Series {
    const route = attributes[convention.route];
    const { routes } = histogram;
    const isNewRoute = route !== undefined && !routes.has(route);
    if (isNewRoute && routes.size >= maxRoutes) return overflow(histogram, 'route');
    if (histogram.size >= maxSeries) return overflow(histogram, 'series');
    return histogram.add(attributes);
  }

  function overflow(histogram: CallHistogram, reason: 'route' | 'series'): Series {
    overflowed.add(1, { reason });
    return histogram.overflow;
  }

  function metrics(): MetricData[] {
    const endTime = millisToHrTime(Date.now());
    const durations = [...streams.values()]
      .flat()
      .map(({ histogram }) => histogram.toMetric(startTime, endTime));
    return [...durations, ...counters.toMetrics(startTime, endTime), ...internal.metrics()];
  }

  return {
    observer: {
      end(call) {
        const span = call.span?.spanContext();
        const exemplar = span !== undefined && mayBeExemplar(span) ? span : undefined;
        const counter = call.convention.counterOf?.(call.attributes);
        let labels: Attributes | undefined;
        for (const stream of streamsOf(call.convention)) {
          const { histogram, isWhole } = stream;
          const series = histogram.find(call.attributes) ?? admit(stream, call);
          if (isWhole && !histogram.isOverflow(series)) call.seriesAttributes = series.attributes;
          series.record(call.duration, exemplar);
          labels ??= series.attributes;
        }
        if (counter !== undefined && labels !== undefined) counters.add(counter, labels, call.messages);
      },
    },
    metrics,
    producer: producerOf(metrics),
  };
}

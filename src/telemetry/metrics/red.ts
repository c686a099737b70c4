import { INVALID_TRACEID, type SpanContext } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { CallObserver, CallRecord } from '../../calls/observer.js';
import type { MetricsConfig } from '../../config/config.js';
import type { CallConvention } from '../../semconv/convention.js';
import { isSampled } from '../traces/sampled.js';
import { CallHistogram } from './call-histogram.js';
import { createInternalMetrics, producerOf } from './internal.js';
import type { Series, SeriesStore } from './series.js';

export type RedOptions = Pick<MetricsConfig, 'exemplars' | 'maxRoutes' | 'maxSeries'>;

export interface Red {
  readonly observer: CallObserver;
  /** The duration histograms with `CallDataPoint`s, and the overflow counter. Cumulative since `createRed`. */
  metrics(): MetricData[];
  /** Offers `metrics` to the readers of the SDK. */
  readonly producer: MetricProducer;
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
export function createRed({ maxRoutes, maxSeries, exemplars }: RedOptions, store?: SeriesStore): Red {
  const startTime = millisToHrTime(Date.now());
  const mayBeExemplar = MAY_BE_EXEMPLAR[exemplars];
  const histograms = new Map<string, CallHistogram>();

  const internal = createInternalMetrics();
  const overflowed = internal.counter(
    'redhook.red.overflow',
    'Calls counted in an overflow series because a limit was reached.',
    '{call}',
  );
  overflowed.add(0, { reason: 'route' });
  overflowed.add(0, { reason: 'series' });

  /** By its name: each chunk of the bundle has its own copy of a convention that several libraries share. */
  function histogramOf(convention: CallConvention): CallHistogram {
    const known = histograms.get(convention.histogram);
    if (known !== undefined) return known;
    const histogram = new CallHistogram(convention, store);
    histograms.set(convention.histogram, histogram);
    return histogram;
  }

  /** Adds a series for this call, or returns the overflow series if a limit is reached. */
  function admit(histogram: CallHistogram, { attributes, convention }: CallRecord): Series {
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
    const durations = Array.from(histograms.values(), (each) => each.toMetric(startTime, endTime));
    return [...durations, ...internal.metrics()];
  }

  return {
    observer: {
      end(call) {
        const histogram = histogramOf(call.convention);
        const series = histogram.find(call.attributes) ?? admit(histogram, call);
        if (!histogram.isOverflow(series)) call.seriesAttributes = series.attributes;
        const span = call.span?.spanContext();
        series.record(call.duration, span !== undefined && mayBeExemplar(span) ? span : undefined);
      },
    },
    metrics,
    producer: producerOf(metrics),
  };
}

import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { Gauge, GaugePoint } from '../../instrumentation.js';
import { log, reason } from '../../log.js';
import { SCOPE } from '../scope.js';

/** Metrics of Redhook's own health, such as the number of dropped spans. */
export interface InternalMetrics {
  /** A sum that only grows. A series exists from its first `add`; `add(0)` makes it visible from the start. */
  counter(name: string, description: string, unit: string): InternalCounter;
  /** Reads `gauge` at each collection. If that throws, the gauge has no values in this collection. */
  gauge(gauge: Gauge): void;
  /** The current values, in the shape of the SDK. */
  metrics(): MetricData[];
  readonly producer: MetricProducer;
}

export interface InternalCounter {
  /** The values of `attributes` come from a fixed set: each combination is a series for the life of the process. */
  add(value: number, attributes?: Attributes): void;
}

export function createInternalMetrics(): InternalMetrics {
  const startTime = millisToHrTime(Date.now());
  const readers: ((endTime: HrTime) => MetricData)[] = [];
  const metrics = (): MetricData[] => {
    const endTime = millisToHrTime(Date.now());
    return readers.map((read) => read(endTime));
  };
  return {
    counter(name, description, unit) {
      const series = new Map<string, { attributes: Attributes; value: number }>();
      readers.push((endTime) => ({
        descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: Array.from(
          series.values(),
          (each): DataPoint<number> => ({ ...each, startTime, endTime }),
        ),
      }));
      return {
        add(value, attributes = {}) {
          const key = JSON.stringify(attributes);
          const known = series.get(key);
          if (known === undefined) series.set(key, { attributes: Object.freeze({ ...attributes }), value });
          else known.value += value;
        },
      };
    },
    gauge({ name, description, unit, read }) {
      readers.push((endTime) => ({
        descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPointType: DataPointType.GAUGE,
        dataPoints: Array.from(
          pointsOf(read),
          ({ value, attributes }): DataPoint<number> => ({
            attributes: attributes as Attributes,
            value,
            startTime,
            endTime,
          }),
        ),
      }));
    },
    metrics,
    producer: producerOf(metrics),
  };
}

function pointsOf(read: Gauge['read']): Iterable<GaugePoint> {
  try {
    return [...read()];
  } catch (error) {
    log.warn(`metrics: a gauge could not be read: ${reason(error)}; its values are missing`);
    return [];
  }
}

/** Offers Redhook's own metrics to the readers of the SDK, which export them together with the application's. */
export function producerOf(read: () => MetricData[]): MetricProducer {
  const resource = emptyResource();
  return {
    async collect() {
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: SCOPE, metrics: read() }] }, errors: [] };
    },
  };
}

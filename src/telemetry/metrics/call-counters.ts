import { type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import type { Attributes } from '../../instrumentation.js';
import type { CallCounter } from '../../semconv/convention.js';

interface Counted {
  readonly counter: CallCounter;
  /** By the labels of the series that have counted the calls. */
  readonly values: Map<Attributes, number>;
}

/** Counts what calls carry, such as messages. */
export class CallCounters {
  /** By their names: each chunk of the bundle has its own copy of a convention. */
  readonly #counters = new Map<string, Counted>();

  /** `labels`: those of a series, the same object each time. So there are no more of them than series. */
  add(counter: CallCounter, labels: Attributes, count: number): void {
    const { values } = this.#find(counter);
    values.set(labels, (values.get(labels) ?? 0) + count);
  }

  #find(counter: CallCounter): Counted {
    const known = this.#counters.get(counter.name);
    if (known !== undefined) return known;
    const made = { counter, values: new Map() };
    this.#counters.set(counter.name, made);
    return made;
  }

  toMetrics(startTime: HrTime, endTime: HrTime): SumMetricData[] {
    return Array.from(this.#counters.values(), ({ counter, values }) => ({
      descriptor: { ...counter, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: Array.from(
        values,
        ([attributes, value]): DataPoint<number> => ({
          attributes: attributes as DataPoint<number>['attributes'],
          value,
          startTime,
          endTime,
        }),
      ),
    }));
  }
}

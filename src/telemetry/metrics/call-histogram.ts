import { type HrTime, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type HistogramMetricData } from '@opentelemetry/sdk-metrics';
import type { Attributes, AttributeValue } from '../../instrumentation.js';
import { type CallConvention, DURATION_UNIT } from '../../semconv/convention.js';
import { Series, type SeriesStore } from './series.js';

/** One level per label, in the convention's order. The last level holds the series. */
type Level = Map<AttributeValue | undefined, Level | Series>;

/**
 * The series of one duration histogram. A lookup walks nested maps, one label value per level, so that no key has to
 * be built for each call.
 */
export class CallHistogram {
  readonly #convention: CallConvention;
  readonly #store: SeriesStore | undefined;
  readonly #root: Level = new Map();
  readonly #series: Series[] = [];
  readonly #routes = new Set<AttributeValue>();
  #overflow: Series | undefined;

  constructor(convention: CallConvention, store?: SeriesStore) {
    this.#convention = convention;
    this.#store = store;
  }

  /** The number of series, without the overflow series. */
  get size(): number {
    return this.#series.length - (this.#overflow === undefined ? 0 : 1);
  }

  /** The routes of its series. */
  get routes(): ReadonlySet<AttributeValue> {
    return this.#routes;
  }

  find(attributes: Attributes): Series | undefined {
    let found: Level | Series | undefined = this.#root;
    for (const label of this.#convention.labels) {
      found = (found as Level).get(attributes[label]);
      if (found === undefined) return undefined;
    }
    return found as Series;
  }

  /** Adds the series that `find` did not find. Labels without a value are left out. */
  add(attributes: Attributes): Series {
    const path = [...this.#convention.labels];
    const series = this.#create(pick(attributes, path));
    const last = path.pop() as string;
    let level = this.#root;
    for (const label of path) level = descend(level, attributes[label]);
    level.set(attributes[last], series);
    const route = attributes[this.#convention.route];
    if (route !== undefined) this.#routes.add(route);
    return series;
  }

  /** The shared series of all calls without a series of their own. */
  get overflow(): Series {
    this.#overflow ??= this.#create({ 'otel.metric.overflow': true });
    return this.#overflow;
  }

  isOverflow(series: Series): boolean {
    return series === this.#overflow;
  }

  toMetric(startTime: HrTime, endTime: HrTime): HistogramMetricData {
    const { histogram: name, description } = this.#convention;
    return {
      descriptor: { name, description, unit: DURATION_UNIT, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: this.#series.map((each) => each.toDataPoint(startTime, endTime)),
    };
  }

  #create(attributes: Attributes): Series {
    const { histogram, description, boundaries } = this.#convention;
    const series = new Series({ histogram, description, boundaries, attributes }, this.#store);
    this.#series.push(series);
    return series;
  }
}

function descend(level: Level, value: AttributeValue | undefined): Level {
  const next = (level.get(value) as Level | undefined) ?? new Map();
  level.set(value, next);
  return next;
}

function pick(attributes: Attributes, labels: readonly string[]): Record<string, AttributeValue> {
  const picked: Record<string, AttributeValue> = {};
  for (const label of labels) {
    const value = attributes[label];
    if (value !== undefined) picked[label] = value;
  }
  return picked;
}

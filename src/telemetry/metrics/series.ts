import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { DataPoint, Histogram } from '@opentelemetry/sdk-metrics';
import type { Attributes } from '../../instrumentation.js';

/** A call that stands for the others in its bucket, and where to find its trace. */
export interface Exemplar {
  /** Seconds. */
  value: number;
  /** Milliseconds since the epoch. */
  timestamp: number;
  traceId: string;
  spanId: string;
  /** Index into the bucket counts of its data point. */
  readonly bucket: number;
}

/** A histogram data point of the SDK; its readers that know nothing of exemplars pass over them. */
export interface CallDataPoint extends DataPoint<Histogram> {
  /** At most one a bucket, in the order of the buckets. */
  readonly exemplars: readonly Exemplar[];
}

/** The calls with the same label values: how many took how long. */
export class Series {
  /** Frozen and the same object for ever, so that what is built from them can be kept. */
  readonly attributes: Attributes;
  readonly #boundaries: readonly number[];
  readonly #counts: Float64Array;
  /** At most one a bucket, at its index. */
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  /** `boundaries` are the upper bounds of the buckets, in seconds. */
  constructor(attributes: Attributes, boundaries: readonly number[]) {
    this.attributes = Object.freeze(attributes);
    this.#boundaries = Object.freeze(boundaries);
    this.#counts = new Float64Array(boundaries.length + 1);
    this.#exemplars = new Array(boundaries.length + 1).fill(undefined);
  }

  /** `span` is given when the call may be an exemplar. The latest one of a bucket wins; its slot is reused. */
  record(seconds: number, span: SpanContext | undefined): void {
    const bucket = bucketOf(seconds, this.#boundaries);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += seconds;
    if (span === undefined) return;
    const slot = this.#exemplars[bucket] ?? this.#addSlot(bucket);
    slot.value = seconds;
    slot.timestamp = Date.now();
    slot.traceId = span.traceId;
    slot.spanId = span.spanId;
  }

  /** A copy as it stands now. All series are copied at once, so that one page tells of one moment. */
  toDataPoint(startTime: HrTime, endTime: HrTime): CallDataPoint {
    const counts: number[] = [];
    const exemplars: Exemplar[] = [];
    let count = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      const inBucket = this.#counts[bucket] as number;
      counts.push(inBucket);
      count += inBucket;
      const exemplar = this.#exemplars[bucket];
      if (exemplar !== undefined) exemplars.push({ ...exemplar });
    }
    const buckets = { boundaries: this.#boundaries as number[], counts };
    return {
      startTime,
      endTime,
      attributes: this.attributes,
      value: { buckets, sum: this.#sum, count },
      exemplars,
    };
  }

  #addSlot(bucket: number): Exemplar {
    const slot = { value: 0, timestamp: 0, traceId: '', spanId: '', bucket };
    this.#exemplars[bucket] = slot;
    return slot;
  }
}

/** Boundaries are inclusive upper bounds. Most calls are short, so the search starts there. */
function bucketOf(seconds: number, boundaries: readonly number[]): number {
  let bucket = 0;
  while (seconds > (boundaries[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
  return bucket;
}

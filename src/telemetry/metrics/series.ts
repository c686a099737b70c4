import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { DataPoint, Histogram } from '@opentelemetry/sdk-metrics';
import type { Attributes } from '../../instrumentation.js';

/** An example of the calls in a bucket, with the ids of its span. */
export interface Exemplar {
  /** Seconds. */
  value: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  traceId: string;
  spanId: string;
  /** Index into the bucket counts of its data point. */
  readonly bucket: number;
}

/** A histogram data point of the SDK, with exemplars. The SDK ignores them. */
export interface CallDataPoint extends DataPoint<Histogram> {
  /** At most one per bucket, in bucket order. */
  readonly exemplars: readonly Exemplar[];
}

/** The duration histogram of all calls with the same label values. */
export class Series {
  /** Frozen, and always the same object, so that the text built from it can be cached. */
  readonly attributes: Attributes;
  readonly #boundaries: readonly number[];
  readonly #counts: Float64Array;
  /** At most one per bucket, at the bucket's index. */
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  /** `boundaries` are the upper bounds of the buckets, in seconds. */
  constructor(attributes: Attributes, boundaries: readonly number[]) {
    this.attributes = Object.freeze(attributes);
    this.#boundaries = Object.freeze(boundaries);
    this.#counts = new Float64Array(boundaries.length + 1);
    this.#exemplars = new Array(boundaries.length + 1).fill(undefined);
  }

  /** Counts a call. With a `span`, the call becomes the exemplar of its bucket and reuses the slot of the last one. */
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

  /** Copies the current values. All series are copied in one go, so that a page shows a single moment. */
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

/** Boundaries are inclusive upper bounds. Most calls are short, so a search from the first bucket ends early. */
function bucketOf(seconds: number, boundaries: readonly number[]): number {
  let bucket = 0;
  while (seconds > (boundaries[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
  return bucket;
}

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

/** What a series is, for a reader in another process. */
export interface SeriesDefinition {
  readonly histogram: string;
  readonly description: string;
  readonly boundaries: readonly number[];
  readonly attributes: Attributes;
}

/**
 * Keeps the numbers of series outside this process. `cells` are the count of each bucket, then the sum; the function
 * that is returned is called after each change.
 */
export type SeriesStore = (definition: SeriesDefinition, cells: Float64Array) => () => void;

/** The duration histogram of all calls with the same label values. */
export class Series {
  /** Frozen, and always the same object, so that the text built from it can be cached. */
  readonly attributes: Attributes;
  readonly #boundaries: readonly number[];
  /** The count of each bucket, then the sum. */
  readonly #cells: Float64Array;
  readonly #store: (() => void) | undefined;
  /** At most one per bucket, at the bucket's index. */
  readonly #exemplars: (Exemplar | undefined)[];

  /** The boundaries are the upper bounds of the buckets, in seconds. */
  constructor(definition: SeriesDefinition, store?: SeriesStore) {
    const { attributes, boundaries } = definition;
    this.attributes = Object.freeze(attributes);
    this.#boundaries = Object.freeze(boundaries);
    this.#cells = new Float64Array(boundaries.length + 2);
    this.#exemplars = new Array(boundaries.length + 1).fill(undefined);
    this.#store = store?.(definition, this.#cells);
  }

  /** Counts a call. With a `span`, the call becomes the exemplar of its bucket and reuses the slot of the last one. */
  record(seconds: number, span: SpanContext | undefined): void {
    const bucket = bucketOf(seconds, this.#boundaries);
    const sum = this.#cells.length - 1;
    this.#cells[bucket] = (this.#cells[bucket] as number) + 1;
    this.#cells[sum] = (this.#cells[sum] as number) + seconds;
    this.#store?.();
    if (span === undefined) return;
    const slot = this.#exemplars[bucket] ?? this.#addSlot(bucket);
    slot.value = seconds;
    slot.timestamp = Date.now();
    slot.traceId = span.traceId;
    slot.spanId = span.spanId;
  }

  /** Copies the current values. All series are copied in one go, so that a page shows a single moment. */
  toDataPoint(startTime: HrTime, endTime: HrTime): CallDataPoint {
    const exemplars: Exemplar[] = [];
    for (const exemplar of this.#exemplars) if (exemplar !== undefined) exemplars.push({ ...exemplar });
    const value = histogramOf(this.#cells, this.#boundaries);
    return { startTime, endTime, attributes: this.attributes, value, exemplars };
  }

  #addSlot(bucket: number): Exemplar {
    const slot = { value: 0, timestamp: 0, traceId: '', spanId: '', bucket };
    this.#exemplars[bucket] = slot;
    return slot;
  }
}

/** The value of a data point, from the cells of a series. */
export function histogramOf(cells: Float64Array, boundaries: readonly number[]): Histogram {
  const counts = Array.from(cells.subarray(0, -1));
  let count = 0;
  for (const inBucket of counts) count += inBucket;
  return { buckets: { boundaries: boundaries as number[], counts }, sum: cells.at(-1) as number, count };
}

/** Boundaries are inclusive upper bounds. Most calls are short, so a search from the first bucket ends early. */
function bucketOf(seconds: number, boundaries: readonly number[]): number {
  let bucket = 0;
  while (seconds > (boundaries[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
  return bucket;
}

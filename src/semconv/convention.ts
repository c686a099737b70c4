import type { Attributes } from '../instrumentation.js';

/**
 * The names that the semantic conventions give to one kind of call: its histogram, its labels and its span. Spans, RED
 * and the documentation read the same object, so every name is spelled only once.
 */
export interface CallConvention {
  /** The duration histogram, in seconds. */
  readonly histogram: string;
  readonly description: string;
  /** The upper bounds of its buckets, in seconds. */
  readonly boundaries: readonly number[];
  /** The attributes that become labels, in the order of the page. */
  readonly labels: readonly string[];
  /** Every label, without a value. Attributes that start as a copy of it share one shape, which V8 handles best. */
  readonly placeholders: Attributes;
  /** The attribute that holds the operation. */
  readonly operation: string;
  /** Whether the names of its operations are constants of Redhook. Then they are not looked up in the list of known ones. */
  readonly hasOwnOperations?: boolean;
  /** The attribute that holds the original operation when `operation` is `_OTHER`, if the conventions have one. */
  readonly operationOriginal?: string;
  /** The attribute that holds the name of the call. Equal to `operation` where the name is the operation. */
  readonly route: string;
  /** The attribute that holds the status code. Absent if these calls have none. */
  readonly code?: string;
  /** What the messages of a call are counted in, if they are. */
  readonly counters?: readonly CallCounter[];
  /** Which of the counters a call adds to, by its labels. */
  counterOf?(attributes: Attributes): CallCounter | undefined;
  spanName(operation: string, route: string | undefined): string;
  /** Whether a status code alone makes the call an error. */
  isFailure(code: number | string): boolean;
}

/** A sum of what calls carry. It has the labels of their histogram. */
export interface CallCounter {
  readonly name: string;
  readonly description: string;
  /** In UCUM notation: `{message}`. */
  readonly unit: string;
}

/** The unit of all call histograms, in UCUM: seconds. */
export const DURATION_UNIT = 's';

/** Bucket boundaries in seconds, as the conventions recommend for the duration of a call. */
export const DURATION_BOUNDARIES: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** Replaces a value that is not in its known set. */
export const OTHER = '_OTHER';

export function defineConvention(definition: Omit<CallConvention, 'placeholders'>): CallConvention {
  const placeholders: Attributes = {};
  for (const label of definition.labels) placeholders[label] = undefined;
  return { ...definition, placeholders };
}

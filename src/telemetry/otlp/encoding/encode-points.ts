import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { encodeMetrics } from './encode-metrics.js';
import { countPoints, sliceMetrics } from './slice-metrics.js';

export interface EncodedPoints {
  readonly body: Uint8Array;
  /** How many data points it has. */
  readonly count: number;
}

/** Leaves room for points that are larger than the average. */
const ROOM = 0.9;

/** Encodes the data points from the one at `start`, at most `most`, or as many of them as fit into `bytes`. */
export function encodePoints(
  { resource, scopeMetrics }: ResourceMetrics,
  start: number,
  most: number,
  bytes: number,
): EncodedPoints {
  for (let wanted = most; ; ) {
    const slice = sliceMetrics(scopeMetrics, start, wanted);
    const count = countPoints(slice);
    const body = encodeMetrics({ resource, scopeMetrics: slice });
    if (body.length <= bytes || count <= 1) return { body, count };
    wanted = Math.max(1, Math.floor((count * bytes * ROOM) / body.length));
  }
}

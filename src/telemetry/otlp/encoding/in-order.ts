import type { HrTime } from '@opentelemetry/api';
import type { DataPoint, MetricData } from '@opentelemetry/sdk-metrics';

/**
 * A metric whose points end no earlier than they start. They would when the clock is set back, and receivers discard
 * such points. The start stays, because another one would look like a counter that has begun again.
 */
export function inOrder<T extends MetricData>(metric: T): T {
  const points = metric.dataPoints as DataPoint<unknown>[];
  if (!points.some(endsTooEarly)) return metric;
  const dataPoints = points.map((point) =>
    endsTooEarly(point) ? { ...point, endTime: point.startTime } : point,
  );
  return { ...metric, dataPoints } as T;
}

function endsTooEarly({ startTime, endTime }: DataPoint<unknown>): boolean {
  return isBefore(endTime, startTime);
}

function isBefore(time: HrTime, other: HrTime): boolean {
  return time[0] < other[0] || (time[0] === other[0] && time[1] < other[1]);
}

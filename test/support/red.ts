/** The calls that an application has counted and the calls that its spans show. They must be the same. */
import type { Collector, ReceivedSpan } from './collector.js';
import { conventionOf, seriesText, textOf } from './labels.js';
import { countBy } from './load.js';

/** The counts of each series of a service, as its processes pushed them over OTLP last. */
export function countsOf(collector: Collector, service: string): Map<string, number> {
  const last = new Map<string, { series: string; count: number }>();
  for (const { name, resource, points } of collector.metrics) {
    if (resource['service.name'] !== service || !DURATION.test(name)) continue;
    for (const { attributes, count = 0 } of points) {
      const series = `${name} ${textOf(attributes)}`;
      last.set(`${resource['service.instance.id']} ${series}`, { series, count });
    }
  }
  return countBy(
    [...last.values()],
    ({ series }) => series,
    ({ count }) => count,
  );
}

/** Temporal's long polls have no span, and the durations of the garbage collector are no calls. */
const DURATION = /^(?!temporal\.client\.long_rpc|v8js\.).*\.duration$/;

/** How many spans belong to each series. */
export function seriesOf(spans: readonly ReceivedSpan[]): Map<string, number> {
  return countBy(spans, (span) => seriesText(conventionOf(span), span.attributes));
}

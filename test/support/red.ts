/** The calls that an application has counted and the calls that its spans show. They must be the same. */
import type { Collector, ReceivedSpan } from './collector.js';
import { conventionOf, seriesText, textOf } from './labels.js';
import { countBy } from './load.js';

/** The counts of each series of a service, as it pushed them over OTLP when it ended. */
export function countsOf(collector: Collector, service: string): Map<string, number> {
  const points = collector.metrics
    .filter(({ name, resource }) => resource['service.name'] === service && DURATION.test(name))
    .flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
  return countBy(
    points,
    ({ name, attributes }) => `${name} ${textOf(attributes)}`,
    ({ count = 0 }) => count,
  );
}

/** Temporal's long polls have no span, and the durations of the garbage collector are no calls. */
const DURATION = /^(?!temporal\.client\.long_rpc|v8js\.).*\.duration$/;

/** How many spans belong to each series. */
export function seriesOf(spans: readonly ReceivedSpan[]): Map<string, number> {
  return countBy(spans, (span) => seriesText(conventionOf(span), span.attributes));
}

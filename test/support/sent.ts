/** What a service has sent, as a back end shows it. */
import type { Collector, ReceivedSpan } from './collector.js';

/**
 * The spans of a service. A request that is under way when a process ends is sent again by its exit, because nobody can
 * wait for the answer then. Spans that are equal in everything are therefore one.
 */
export function sentSpans(collector: Collector, service: string): ReceivedSpan[] {
  const distinct = new Map<string, ReceivedSpan>();
  for (const span of collector.spans)
    if (span.resource['service.name'] === service && !distinct.has(textOf(span)))
      distinct.set(textOf(span), span);
  return [...distinct.values()];
}

function textOf(span: ReceivedSpan): string {
  return JSON.stringify(span, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

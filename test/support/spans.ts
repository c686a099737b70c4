import { context, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

/** Real finished spans, named `name 1`, `name 2` and so on. */
export function finishedSpans(count: number, name = 'span'): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('test', '1.2.3');
  for (let i = 1; i <= count; i += 1) tracer.startSpan(`${name} ${i}`).end();
  return exporter.getFinishedSpans();
}

/** One span that uses all features of OTLP spans. */
export function richSpan(): ReadableSpan {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders', 'process.pid': 7 }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const linked: SpanContext = { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 };
  const parent: SpanContext = {
    traceId: 'a'.repeat(32),
    spanId: 'd'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  };
  const span = provider.getTracer('test', '1.2.3').startSpan(
    'GET /orders/:id',
    {
      kind: SpanKind.SERVER,
      attributes: { text: 'wörd', yes: true, integer: -42, fraction: 0.5, list: ['a', 'b'] },
      links: [{ context: linked, attributes: { why: 'retry' } }],
    },
    trace.setSpanContext(context.active(), parent),
  );
  span.addEvent('cache miss', { key: 'k' });
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
  span.end();
  return exporter.getFinishedSpans()[0] as ReadableSpan;
}

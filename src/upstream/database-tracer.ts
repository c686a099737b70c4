import {
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type Attributes as SpanAttributes,
  SpanKind,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Calls, Guard } from '../instrumentation.js';
import { DB_CLIENT } from '../semconv/db.js';
import { DatabaseSpan } from './database-span.js';

/**
 * A tracer whose client spans are Calls to a database, so that they are counted as all others are. What else it is asked
 * for, such as a span for taking a connection from a pool, is not recorded.
 */
export function databaseTracer(calls: Calls, guard: Guard): Tracer {
  const open = guard((kind: SpanKind | undefined) =>
    kind === SpanKind.CLIENT ? calls.open({ kind: 'client', convention: DB_CLIENT }) : undefined,
  );
  const startSpan = (_name: string, { kind, attributes = {} }: SpanOptions = {}): Span => {
    const call = open(kind);
    // Transparent: what is made inside it has the parent that it would have without it.
    if (call === undefined) return trace.wrapSpanContext(activeSpanContext());
    return new DatabaseSpan(call, call.run(activeSpanContext)).setAttributes(attributes as SpanAttributes);
  };
  return {
    startSpan,
    startActiveSpan(name: string, ...rest: unknown[]) {
      const fn = rest.at(-1) as (span: Span) => never;
      const [options, parent] = rest.slice(0, -1) as [SpanOptions?, Context?];
      const span = startSpan(name, options);
      return context.with(trace.setSpan(parent ?? context.active(), span), fn, undefined, span);
    },
  };
}

function activeSpanContext() {
  return trace.getActiveSpan()?.spanContext() ?? INVALID_SPAN_CONTEXT;
}

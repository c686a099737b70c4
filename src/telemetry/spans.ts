import { type Context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { CallObserver, CallRecord } from '../call.js';
import type { CallKind } from '../instrumentation.js';
import { reason } from '../log.js';

const KINDS: Record<CallKind, SpanKind> = { server: SpanKind.SERVER, client: SpanKind.CLIENT };

/** Makes one span of each call. Its final name, attributes and status come from the call's record. */
export function createSpans(tracer: Tracer): CallObserver {
  return {
    start(call, parent) {
      const span = tracer.startSpan(
        nameOf(call),
        { kind: KINDS[call.kind], attributes: call.attributes },
        parent,
      );
      return { context: trace.setSpan(parent, span), span: span.spanContext() };
    },
    end(call, context) {
      const span = spanOf(context);
      if (!span?.isRecording()) return;
      if (call.route !== undefined) span.updateName(nameOf(call));
      span.setAttributes(call.attributes);
      if (call.failed) span.setStatus({ code: SpanStatusCode.ERROR, ...describe(call.error) });
      span.end();
    },
  };
}

function nameOf({ convention, operation, route }: CallRecord): string {
  return convention.spanName(operation, route);
}

function spanOf(context: Context): Span | undefined {
  return trace.getSpan(context);
}

/** The status code says why by itself; only an exception has more to tell. */
function describe(error: unknown): { message?: string } {
  return error instanceof Error ? { message: reason(error) } : {};
}

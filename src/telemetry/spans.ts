import { SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { CallObserver, CallRecord } from '../call.js';
import type { CallKind } from '../instrumentation.js';
import { reason } from '../log.js';
import type { GivenIds } from './ids.js';

const KINDS: Record<CallKind, SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Makes one span of each call. Its final name, attributes and status come from the call's record. */
export function createSpans(tracer: Tracer, ids: GivenIds): CallObserver {
  return {
    start(call, parent) {
      if (!call.traced) return undefined;
      const { kind, attributes, past } = call;
      const options = { kind: KINDS[kind], attributes, ...(past && { startTime: past.startedAt }) };
      const span = ids.give(past, () => tracer.startSpan(nameOf(call), options, parent));
      return { context: trace.setSpan(parent, span), span: span.spanContext() };
    },
    end(call, context) {
      // The span of a call that is only counted is somebody else's.
      const span = call.traced ? trace.getSpan(context) : undefined;
      if (!span?.isRecording()) return;
      if (call.route !== undefined) span.updateName(nameOf(call));
      span.setAttributes(call.attributes);
      if (call.failed) span.setStatus({ code: SpanStatusCode.ERROR, ...describe(call.error) });
      span.end(call.past?.endedAt);
    },
  };
}

function nameOf({ convention, operation, route }: CallRecord): string {
  return convention.spanName(operation, route);
}

/** The status code says why by itself; only an exception has more to tell. */
function describe(error: unknown): { message?: string } {
  return error instanceof Error ? { message: reason(error) } : {};
}

import { type Context, type TextMapPropagator, type TextMapSetter, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Propagator } from '../config/config.js';
import { createB3, createXRay } from './vendor-propagators.js';

/** Sampled and random: the flags that exist (W3C Trace Context Level 2, section 3.2.2.5). */
const KNOWN_FLAGS = 0x03;

/** Sends the flags that exist. The others must be zero, and the base class writes two digits of them as three: `0ff`. */
class TraceContext extends W3CTraceContextPropagator {
  override inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    super.inject(withKnownFlags(context), carrier, setter);
  }
}

function withKnownFlags(context: Context): Context {
  const span = trace.getSpanContext(context);
  if (span === undefined || (span.traceFlags & ~KNOWN_FLAGS) === 0) return context;
  return trace.setSpanContext(context, { ...span, traceFlags: span.traceFlags & KNOWN_FLAGS });
}

const PROPAGATORS: Record<Propagator, () => TextMapPropagator> = {
  tracecontext: () => new TraceContext(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => createB3('single'),
  b3multi: () => createB3('multi'),
  xray: createXRay,
};

/** The propagators that `OTEL_PROPAGATORS` names, as one. Without any, traces end at this process. */
export function createPropagator(names: readonly Propagator[]): TextMapPropagator {
  return new CompositePropagator({ propagators: names.map((name) => PROPAGATORS[name]()) });
}

import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Propagator } from '../config/config.js';

const PROPAGATORS: Record<Propagator, () => TextMapPropagator> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
};

/** The propagators that `OTEL_PROPAGATORS` names, as one. Without any, traces end at this process. */
export function createPropagator(names: readonly Propagator[]): TextMapPropagator {
  return new CompositePropagator({ propagators: names.map((name) => PROPAGATORS[name]()) });
}

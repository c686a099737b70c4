import type { MeterProvider } from '@opentelemetry/api';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';

/** The metrics of Node itself: event loop, garbage collection and heap (`nodejs.eventloop.*`, `v8js.*`). */
export function startRuntimeMetrics(meterProvider: MeterProvider): void {
  const instrumentation = new RuntimeNodeInstrumentation({ enabled: false });
  instrumentation.setMeterProvider(meterProvider);
  instrumentation.enable();
}

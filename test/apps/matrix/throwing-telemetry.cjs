// Telemetry of the application's own that throws wherever it can. WHICH: its propagator, span processor or instrument.
const { metrics, propagation, trace } = require('@opentelemetry/api');
const { TracerProvider } = require('@opentelemetry/sdk-trace');

const fail = () => {
  throw new Error('thrown by telemetry of the application');
};

const KINDS = {
  propagator() {
    propagation.disable();
    propagation.setGlobalPropagator({ inject: fail, extract: fail, fields: fail });
  },
  processor() {
    const processor = { onStart: fail, onEnd: fail, onEnding: fail, forceFlush: fail, shutdown: fail };
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
  },
  instrument() {
    metrics.getMeter('own').createObservableGauge('own.gauge').addCallback(fail);
  },
};
process.setUp = KINDS[process.env.WHICH];

// Prints what @opentelemetry/sdk-node builds from the file that OTEL_CONFIG_FILE names.
const { metrics, trace } = require('@opentelemetry/api');
const { startNodeSDK } = require('@opentelemetry/sdk-node');

startNodeSDK({ instrumentations: [] });
const traces = trace.getTracerProvider().getDelegate();
const readers = metrics.getMeterProvider()._sharedState?.metricCollectors ?? [];

/** The parameters of an OTLP exporter of either protocol. */
function otlp({ _delegate: delegate }) {
  const { _transport: transport } = delegate._transport;
  const { url, address, compression } = (transport ?? delegate._transport)._parameters;
  return {
    target: url ?? address,
    protocol: url === undefined ? 'grpc' : 'http/protobuf',
    compression,
    timeoutMs: delegate._timeout,
  };
}

const processors = (traces._activeSpanProcessor?._spanProcessors ?? []).map((processor) => ({
  ...(processor._maxQueueSize !== undefined && {
    queue: {
      maxSize: processor._maxQueueSize,
      maxBatch: processor._maxExportBatchSize,
      delayMs: processor._scheduledDelayMillis,
    },
  }),
  ...(processor._exporter._delegate && otlp(processor._exporter)),
}));
const { sampler, spanLimits } = traces._tracerOptions ?? {};
const pushed = readers
  .map(({ _metricReader: reader }) => reader)
  .filter((reader) => reader._exporter !== undefined)
  .map((reader) => {
    const exporter = otlp(reader._exporter);
    const timeoutMs = Math.min(exporter.timeoutMs, reader._exportTimeout);
    return { intervalMs: reader._exportInterval, ...exporter, timeoutMs };
  });
console.log(
  JSON.stringify({
    processors,
    sampler: String(sampler),
    limits: spanLimits,
    pushed,
    resource: traces._resource?.attributes,
  }),
);
process.exit();

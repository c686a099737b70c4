// A service that starts its own OpenTelemetry SDK.
const http = require('node:http');
const { metrics, propagation, trace } = require('@opentelemetry/api');
const { MeterProvider } = require('@opentelemetry/sdk-metrics');
const { TracerProvider } = require('@opentelemetry/sdk-trace');

trace.setGlobalTracerProvider(new TracerProvider());
metrics.setGlobalMeterProvider(new MeterProvider());
propagation.setGlobalPropagator({ inject() {}, extract: (context) => context, fields: () => [] });
const server = http.createServer((_, response) => response.end('ok'));
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));

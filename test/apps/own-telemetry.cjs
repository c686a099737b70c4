// A service that makes its own spans and metrics with @opentelemetry/api, without an SDK.
const http = require('node:http');
const { metrics, trace } = require('@opentelemetry/api');

const tracer = trace.getTracer('own');
const sold = metrics
  .getMeter('own', '1.2.3')
  .createCounter('own.sold', { description: 'Things sold.', unit: '{thing}' });

const server = http.createServer((_, response) => {
  trace.getActiveSpan()?.setAttribute('own.attribute', 'set');
  tracer.startActiveSpan('own work', (span) => {
    sold.add(2, { what: 'tea' });
    span.end();
    response.end('ok');
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));

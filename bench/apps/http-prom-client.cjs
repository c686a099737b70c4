/** The application of `http.cjs` with what a careful team writes by hand for RED metrics, and no traces. */
const { createServer } = require('node:http');
const { Histogram, register } = require('prom-client');

const duration = new Histogram({
  name: 'http_server_request_duration_seconds',
  help: 'Duration of HTTP server requests.',
  labelNames: ['http_request_method', 'url_scheme', 'http_response_status_code', 'network_protocol_version'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
});

const server = createServer((request, response) => {
  const stop = duration.startTimer();
  response.once('close', () =>
    stop({
      http_request_method: request.method,
      url_scheme: 'http',
      http_response_status_code: response.statusCode,
      network_protocol_version: request.httpVersion,
    }),
  );
  response.end('hello');
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

createServer(async (_request, response) => {
  response.setHeader('content-type', register.contentType);
  response.end(await register.metrics());
}).listen(Number(process.env.OTEL_EXPORTER_PROMETHEUS_PORT), '127.0.0.1');

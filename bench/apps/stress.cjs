/** A service with everything that the part `stress` attacks: a small pool, many series, HTTP/1 and HTTP/2. */
const { createServer } = require('node:http');
const http2 = require('node:http2');
const { metrics } = require('@opentelemetry/api');
// In this version a request that waits for a connection leaves in the context of the one before it.
const { Agent, fetch } = require('undici7');

const INSTRUMENTS = 6;
/** Below the limit of the SDK for one instrument. */
const SERIES = 1_900;
const LARGE = Buffer.alloc(1024 * 1024, 'x');

const pool = new Agent({ connections: 2 });
const meter = metrics.getMeter('stress');
for (let i = 0; i < INSTRUMENTS; i += 1) {
  const counter = meter.createCounter(`stress_${i}`);
  for (let n = 0; n < SERIES; n += 1) counter.add(n, { n, note: 'x'.repeat(100) });
}

const ROUTES = {
  async '/call'(request, response) {
    const [, traceId = ''] = (request.headers.traceparent ?? '').split('-');
    const answer = await fetch(process.env.UPSTREAM, { dispatcher: pool, headers: { 'x-trace': traceId } });
    response.end(await answer.text());
  },
  '/large': (_request, response) => response.end(LARGE),
  '/memory'(_request, response) {
    gc();
    gc();
    const { heapUsed, external } = process.memoryUsage();
    response.end(JSON.stringify([heapUsed, external]));
  },
  '/http2-port': (_request, response) => response.end(String(secondServer.address().port)),
};

const server = createServer((request, response) => {
  request.resume();
  const route = ROUTES[request.url] ?? ((_, plain) => plain.end('ok'));
  Promise.resolve(route(request, response)).catch(() => response.destroy());
});
server.on('upgrade', (request, socket) => {
  socket.on('error', () => {});
  if (request.url === '/tunnel')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n');
  else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
});
server.on('connect', (_request, socket) => {
  socket.on('error', () => {});
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n');
});

const secondServer = http2.createServer();
secondServer.on('sessionError', () => {});
secondServer.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'content-type': 'text/html' });
  stream.end(headers[':path'] === '/large' ? LARGE : '<p>ok</p>');
});
secondServer.listen(0, '127.0.0.1', () => {
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
});

// A service that asks itself for /leaf before it answers anything else: with the header that /leaf has received. The
// status is that of `?status`, after `?ms`. With OWN it makes a span of its own around the request, and answers /log with
// a line that it logs inside such a span.
const http = require('node:http');

const api = process.env.OWN ? require('@opentelemetry/api') : undefined;

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url());
  if (pathname === '/leaf') return response.end(request.headers.traceparent);
  if (pathname === '/log') return response.end(api.trace.getTracer('own').startActiveSpan('own', log));
  const body = await (api ? api.trace.getTracer('own').startActiveSpan('own', ask) : ask());
  if (searchParams.has('ms')) await new Promise((wake) => setTimeout(wake, Number(searchParams.get('ms'))));
  if (searchParams.has('exit')) throw new Error('the application fails');
  response.statusCode = Number(searchParams.get('status') ?? 200);
  response.end(body);
});

/** By a logger that is loaded when it is first needed. */
function log() {
  let line;
  const stream = { write: (text) => (line = text) };
  require('bunyan').createLogger({ name: 'chain', stream }).info('asked');
  return line;
}

async function ask(span) {
  const body = await (await fetch(`${url()}/leaf`)).text();
  span?.end();
  return body;
}

function url() {
  return `http://127.0.0.1:${server.address().port}`;
}

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(`listening ${url()}`));
process.on('SIGTERM', () => process.exit());

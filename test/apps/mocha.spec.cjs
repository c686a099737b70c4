// Tests of mocha, with a request in each. The environment says which of them end badly.
const assert = require('node:assert');
const http = require('node:http');

const server = http.createServer((_request, response) => response.end('ok'));
let port;

const request = () =>
  new Promise((resolve) => {
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => response.resume().on('end', resolve));
  });

before((done) => {
  server.listen(0, '127.0.0.1', () => {
    port = server.address().port;
    done();
  });
});
after(() => server.close());

it('passes', request);

it('may fail', async () => {
  await request();
  assert(process.env.SPEC !== 'fails');
});

it('may be killed', async () => {
  await request();
  if (process.env.SPEC === 'is killed') process.kill(process.pid, 'SIGTERM');
});

it('may throw later', (done) => {
  setTimeout(() => {
    if (process.env.SPEC === 'throws') throw new Error('thrown later');
    done();
  }, 20);
});

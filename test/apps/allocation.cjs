/** Answers requests that it sends itself, and prints how many bytes of the heap each of them allocated. */
const { createServer } = require('node:http');
const { connect } = require('node:net');

const WARM_UP = 6_000;
const COUNT = 10_000;
const REQUEST = Buffer.from('GET /orders/42?full=1 HTTP/1.1\r\nHost: shop\r\nUser-Agent: test/1.0\r\n\r\n');

const server = createServer((_request, response) => response.end('hello'));
server.listen(0, '127.0.0.1', () => {
  const client = connect(server.address().port, '127.0.0.1');
  let answers = 0;
  let before = 0;
  client.on('data', () => {
    answers += 1;
    if (answers === WARM_UP) before = process.memoryUsage().heapUsed;
    if (answers < WARM_UP + COUNT) return client.write(REQUEST);
    console.log(Math.round((process.memoryUsage().heapUsed - before) / COUNT));
    process.exit();
  });
  client.write(REQUEST);
});

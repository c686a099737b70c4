// Asks itself over HTTP/2, as HTTP and as gRPC, at the address in TARGET, and prints the headers that arrive.
const http2 = require('node:http2');

const server = http2.createServer();
server.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200 });
  stream.end(JSON.stringify(headers));
});
server.listen(0, '127.0.0.1', async () => {
  const session = http2.connect(`http://${process.env.TARGET}:${server.address().port}`);
  for (const headers of [{}, { 'content-type': 'application/grpc', ':method': 'POST', ':path': '/a.B/C' }]) {
    const stream = session.request(headers);
    stream.end();
    console.log((await stream.toArray()).join(''));
  }
  session.close();
  server.close();
});

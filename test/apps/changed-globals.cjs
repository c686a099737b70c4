// An application that has changed what everybody in the process shares.
const http = require('node:http');

if (process.argv[2] === 'iterator') {
  delete Array.prototype[Symbol.iterator];
  console.log(require('./changed-globals-module.cjs'));
  process.exit();
}

Object.prototype.extra = 'enumerable';
const server = http.createServer((request, response) => {
  request.resume().on('end', () => response.end('ok'));
});
server.listen(0, '127.0.0.1', () => {
  const request = http.request({
    port: server.address().port,
    host: '127.0.0.1',
    method: 'POST',
    agent: false,
  });
  request.on('response', (response) => {
    console.log(response.statusCode);
    response.resume().on('end', () => server.close());
  });
  request.end('body');
});

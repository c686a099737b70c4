// Two workers on one port, as node:cluster does it.
const cluster = require('node:cluster');
const http = require('node:http');

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on('listening', (_, { port }) => {
    listening += 1;
    if (listening === 2) console.log(`listening http://127.0.0.1:${port}`);
  });
  cluster.fork();
  cluster.fork();
} else {
  http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
}

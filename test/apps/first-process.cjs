// A service without a handler, run as the first process of a container: the kernel does not end it by SIGTERM.
const http = require('node:http');

const server = http.createServer((request, response) => {
  if (request.url === '/slow') setTimeout(() => response.end('slow'), 500);
  else response.end('ok');
});
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));

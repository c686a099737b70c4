// A service with nothing but node:http. It ends by itself after LIFETIME milliseconds.
const http = require('node:http');

const server = http.createServer((request, response) => {
  if (request.url === '/fail') response.statusCode = 500;
  if (request.url === '/throw') throw new Error('the handler threw');
  response.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
if (process.env.LIFETIME) setTimeout(() => server.close(), Number(process.env.LIFETIME));
if (process.env.ON_SIGTERM === 'close') process.once('SIGTERM', () => server.close());
if (process.env.ON_SIGTERM === 'exit') process.on('SIGTERM', () => process.exit(7));
if (process.env.ON_SIGTERM === 'ignore') process.on('SIGTERM', () => console.log('ignored'));

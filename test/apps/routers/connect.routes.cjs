const http = require('node:http');

module.exports = function listen(connect) {
  const app = connect();
  app.use('/shop/orders', (request, response) => response.end(request.url));
  app.use('/shop/fail', () => {
    throw new Error('the handler failed');
  });
  const server = http
    .createServer(app)
    .listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));
};

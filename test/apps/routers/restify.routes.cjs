module.exports = function listen(restify) {
  const server = restify.createServer();
  server.get('/shop/orders/:id', (request, response, next) => {
    response.send(request.params.id);
    next();
  });
  server.get('/shop/fail', (_request, _response, next) => next(new Error('the handler failed')));
  server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));
};

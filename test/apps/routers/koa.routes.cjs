module.exports = function listen(Koa, Router) {
  const app = new Koa();
  const shop = new Router({ prefix: '/shop' });
  shop.get('/orders/:id', (context) => {
    context.body = context.params.id;
  });
  shop.get('/fail', () => {
    throw new Error('the handler failed');
  });
  app.silent = true;
  app.use(shop.routes());
  const server = app.listen(0, '127.0.0.1', () =>
    console.log(`listening http://127.0.0.1:${server.address().port}`),
  );
};

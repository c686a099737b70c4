module.exports = function listen(Hono, serve) {
  const app = new Hono();
  const shop = new Hono();
  shop.get('/orders/:id', (context) => context.text(context.req.param('id')));
  shop.get('/fail', () => {
    throw new Error('the handler failed');
  });
  app.route('/shop', shop);
  app.onError((_error, context) => context.text('failed', 500));
  serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
    console.log(`listening http://127.0.0.1:${port}`),
  );
};

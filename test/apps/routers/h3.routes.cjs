module.exports = async function listen({ H3, serve, getRouterParam }) {
  const app = new H3({ silent: true });
  const shop = new H3();
  shop.get('/orders/:id', (event) => getRouterParam(event, 'id'));
  shop.get('/fail', () => {
    throw new Error('the handler failed');
  });
  app.mount('/shop', shop);
  const server = await serve(app, { port: 0, hostname: '127.0.0.1', silent: true }).ready();
  console.log(`listening ${server.url.replace(/\/$/, '')}`);
};

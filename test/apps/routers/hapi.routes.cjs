module.exports = async function listen(Hapi) {
  const server = Hapi.server({ host: '127.0.0.1', port: 0, debug: false });
  server.route([
    { method: 'GET', path: '/shop/orders/{id}', handler: (request) => request.params.id },
    {
      method: 'GET',
      path: '/shop/fail',
      handler() {
        throw new Error('the handler failed');
      },
    },
  ]);
  await server.start();
  console.log(`listening ${server.info.uri}`);
};

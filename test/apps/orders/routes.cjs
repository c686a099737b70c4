'use strict';
/** The orders service of the tests. It has the same routes, whatever the module system of its entry point. */

module.exports = function routes(app) {
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/private') && !request.headers.authorization)
      return reply.code(401).send('who are you?');
  });

  app.get('/', async () => 'orders');
  app.get('/orders/:id', async (request) => ({ id: request.params.id }));
  app.post('/orders', async (request, reply) => reply.code(201).send(request.body));
  app.get('/private/:area', async () => 'inside');
  app.get('/fail', async () => {
    throw new Error('the handler failed');
  });
  app.get('/slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 10_000));
  });
  app.get('/stream', async (_, reply) => {
    reply.hijack();
    reply.raw.write('the first part');
  });
  // A call inside a call: this service calls itself.
  app.get('/proxy/:id', async (request) => {
    const { port } = app.server.address();
    return (await fetch(`http://127.0.0.1:${port}/orders/${request.params.id}`)).json();
  });
  // The headers that another service would receive from this one.
  app.get('/headers', async (request) => request.headers);
  app.get('/echo', async () => {
    const { port } = app.server.address();
    return (await fetch(`http://127.0.0.1:${port}/headers`)).json();
  });
  app.get('/crash', async () => {
    setImmediate(() => {
      throw new Error('the application crashed');
    });
    await new Promise(() => {});
  });
  app.get('/exit/:code', async (request) => {
    process.exit(Number(request.params.code));
  });
  app.get('/close', async (_, reply) => {
    reply.send('closing');
    setImmediate(() => app.close());
  });
};

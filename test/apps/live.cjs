// A shop with a route that is quick, one that is slow and calls it, and one that fails.
const fastify = require('fastify');

const app = fastify();
app.get('/orders/:id', async ({ params }) => ({ id: params.id }));
app.get('/slow', async () => {
  const { port } = app.server.address();
  await fetch(`http://127.0.0.1:${port}/orders/1`);
  await new Promise((resolve) => setTimeout(resolve, 60));
  return 'slow';
});
app.get('/broken', async () => {
  throw new Error('<script>alert(1)</script>');
});
app.listen({ port: 0, host: '127.0.0.1' }).then((url) => console.log(`listening ${url}`));

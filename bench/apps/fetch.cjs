/** A Fastify route that asks a service of the network, which runs without telemetry in a process of its own. */
const app = require('fastify')();

const { UPSTREAM } = process.env;

app.get('/orders/:id', async () => {
  const response = await fetch(`${UPSTREAM}/stock`);
  return { stock: await response.text() };
});
app.listen({ port: 0, host: '127.0.0.1' }).then((address) => console.log(new URL(address).port));

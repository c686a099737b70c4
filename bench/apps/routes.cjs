/** A service with many routes, and so with many series. It tells how long its event loop was blocked at most. */
const { monitorEventLoopDelay } = require('node:perf_hooks');
const app = require('fastify')();

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

app.get('/longest-block', async () => {
  const ms = delay.max / 1e6;
  delay.reset();
  return ms;
});
for (let i = 0; i < Number(process.env.ROUTES); i += 1)
  app.route({ method: ['GET', 'POST'], url: `/orders-${i}/:id`, handler: async () => 'ok' });
app.listen({ port: 0, host: '127.0.0.1' }).then((address) => console.log(new URL(address).port));

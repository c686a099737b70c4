// Two small services in one process: the shop asks the stock by fetch. Nothing here knows of Redhook.
import fastify from 'fastify';

const stock = fastify();
stock.get('/stock/:sku', async ({ params }, reply) => {
  if (params.sku === 'unicorn') return reply.code(404).send({ error: 'no such thing' });
  return { sku: params.sku, left: 7 };
});
const stockUrl = await stock.listen({ port: 0, host: '127.0.0.1' });

const shop = fastify();
shop.get('/orders/:id', async ({ params }) => {
  const answer = await fetch(`${stockUrl}/stock/sku-${params.id}`);
  return { id: params.id, stock: await answer.json() };
});
shop.post('/orders', async (_, reply) => {
  const answer = await fetch(`${stockUrl}/stock/unicorn`);
  return reply.code(answer.ok ? 201 : 409).send(await answer.json());
});
shop.get('/report', async () => {
  throw new Error('the report is not written yet');
});

const port = Number(process.env.PORT ?? 3000);
console.log(`shop listens on ${await shop.listen({ port, host: '127.0.0.1' })}`);

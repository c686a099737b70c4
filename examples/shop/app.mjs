// A shop and its services in one process, connected by fetch and gRPC. Nothing here refers to Redhook.
import fastify from 'fastify';
import { parcels, quote } from './services.mjs';

const stock = fastify();
stock.get('/stock/:sku', async ({ params }, reply) => {
  if (params.sku === 'unicorn') return reply.code(404).send({ error: 'no such thing' });
  return { sku: params.sku, left: 7 };
});
const stockUrl = await stock.listen({ port: 0, host: '127.0.0.1' });

const shop = fastify();
shop.get('/orders/:id', async ({ params }) => {
  const sku = `sku-${params.id}`;
  const [answer, price, shipping] = await Promise.all([
    fetch(`${stockUrl}/stock/${sku}`),
    quote(sku),
    parcels(sku),
  ]);
  return { id: params.id, stock: await answer.json(), price, shipping };
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

// The floor: Fastify, and an answer that is there already.
import fastify from 'fastify';
import { orderOf } from './order.ts';

const order = JSON.stringify(orderOf(Number(process.argv[2])));
const app = fastify();
app.get('/v1/orders/:id', (_, reply) => reply.type('application/json').send(order));
console.log(`listening ${await app.listen({ host: '127.0.0.1', port: 0 })}`);

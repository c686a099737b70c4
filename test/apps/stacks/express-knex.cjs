const express = require('express');
const Redis = require('ioredis');
const knex = require('knex');
const pino = require('pino');

const { POSTGRES_PORT, REDIS_PORT } = process.env;
const log = pino();
const db = knex({
  client: 'pg',
  connection: { host: '127.0.0.1', port: Number(POSTGRES_PORT), user: 'postgres' },
});
const redis = new Redis(Number(REDIS_PORT), '127.0.0.1');

async function main() {
  await db.schema.createTable('orders', (table) => table.integer('id'));
  await db('orders').insert({ id: 7 });
  const app = express();
  app.get('/orders/:id', async (request, response) => {
    const id = Number(request.params.id);
    log.info('asked');
    const order = await db.transaction((trx) => trx('orders').where({ id }).first());
    await redis.set(`order:${id}`, JSON.stringify(order));
    response.json(order);
  });
  const server = app.listen(0, '127.0.0.1', () =>
    console.log(`listening http://127.0.0.1:${server.address().port}`),
  );
}
main();

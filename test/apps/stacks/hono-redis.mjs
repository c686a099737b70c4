import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';
import { createClient } from 'redis';

const { POSTGRES_PORT, REDIS_PORT } = process.env;
const client = new pg.Client({ host: '127.0.0.1', port: Number(POSTGRES_PORT), user: 'postgres' });
await client.connect();
const redis = await createClient({ socket: { host: '127.0.0.1', port: Number(REDIS_PORT) } }).connect();
await redis.set('order:7', 'book');

const app = new Hono();
app.get('/orders/:id', async (context) => {
  const [item] = await Promise.all([
    redis.get(`order:${context.req.param('id')}`),
    client.query('SELECT now() AS now'),
  ]);
  return context.json({ item });
});
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`listening http://127.0.0.1:${port}`),
);

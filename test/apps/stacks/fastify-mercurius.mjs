import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const { POSTGRES_PORT } = process.env;
const pool = new pg.Pool({ host: '127.0.0.1', port: Number(POSTGRES_PORT), user: 'postgres' });
await pool.query('CREATE TABLE IF NOT EXISTS items (id integer, name text)');
await pool.query("INSERT INTO items VALUES (7, 'book')");

const app = Fastify();
app.register(mercurius, {
  schema: 'type Query { item(id: Int): String }',
  resolvers: {
    Query: {
      async item(_, { id }) {
        const { rows } = await pool.query('SELECT name FROM items WHERE id = $1', [id]);
        return rows[0].name;
      },
    },
  },
});
console.log(`listening ${await app.listen({ port: 0, host: '127.0.0.1' })}`);

/** An Express route that asks PostgreSQL. */
const express = require('express');
const { Pool } = require('pg');

const pool = new Pool({ connectionString: process.env.POSTGRES });
const orders = express.Router();
orders.get('/:id', async (request, response) => {
  const { rows } = await pool.query('SELECT $1::text AS id', [request.params.id]);
  response.json(rows[0]);
});

const app = express().use('/orders', orders);
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));

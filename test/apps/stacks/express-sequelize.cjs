const express = require('express');
const { DataTypes, Sequelize } = require('sequelize');

const { MARIADB_PORT } = process.env;
const options = { dialect: 'mysql', host: '127.0.0.1', port: Number(MARIADB_PORT), logging: false };

async function main() {
  const root = new Sequelize('mysql', 'root', '', options);
  await root.query('CREATE DATABASE IF NOT EXISTS shop');
  await root.close();
  const db = new Sequelize('shop', 'root', '', options);
  const Order = db.define('order', { item: DataTypes.STRING }, { timestamps: false });
  await db.sync();
  await Order.create({ id: 7, item: 'book' });
  const app = express();
  app.get('/orders/:id', async (request, response) => {
    response.json(await Order.findByPk(request.params.id));
  });
  const server = app.listen(0, '127.0.0.1', () =>
    console.log(`listening http://127.0.0.1:${server.address().port}`),
  );
}
main();

/** A route of a mounted router. */
const express = require('express');

const orders = express.Router();
orders.get('/:id', (request, response) => response.json({ id: request.params.id }));

const app = express().use('/orders', orders);
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));

const app = require('fastify')();

app.get('/orders/:id', async (request) => ({ id: request.params.id }));
app.listen({ port: 0, host: '127.0.0.1' }).then((address) => console.log(new URL(address).port));

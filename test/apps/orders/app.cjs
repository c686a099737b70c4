const fastify = require('fastify');
const routes = require('./routes.cjs');

const app = fastify({ forceCloseConnections: true });
routes(app);
app
  .listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
  .then((url) => console.log(`listening ${url}`));

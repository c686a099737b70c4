import fastify from 'fastify';
import routes from './routes.cjs';

const app = fastify({ forceCloseConnections: true });
routes(app);
console.log(
  `listening ${await app.listen({ port: Number(process.env.PORT ?? 0), host: process.env.HOST ?? '127.0.0.1' })}`,
);

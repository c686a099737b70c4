import fastify, { type FastifyInstance } from 'fastify';
import routes from './routes.cjs';

const app: FastifyInstance = fastify({ forceCloseConnections: true });
routes(app);
console.log(`listening ${await app.listen({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1' })}`);

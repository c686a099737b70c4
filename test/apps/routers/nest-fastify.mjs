import { FastifyAdapter } from '@nestjs/platform-fastify';
import listen from './nest.routes.mjs';

await listen(new FastifyAdapter(), process.env.PREFIX);

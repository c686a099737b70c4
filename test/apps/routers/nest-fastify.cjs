const { FastifyAdapter } = require('@nestjs/platform-fastify');

require('./nest.routes.mjs').default(new FastifyAdapter(), process.env.PREFIX);

const { ExpressAdapter } = require('@nestjs/platform-express');

require('./nest.routes.mjs').default(new ExpressAdapter(), process.env.PREFIX);

require('./hono.routes.cjs')(require('hono').Hono, require('@hono/node-server').serve);

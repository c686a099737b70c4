require('./koa.routes.cjs')(require('koa2'), require('koa-router'));

require('./koa.routes.cjs')(require('koa'), require('@koa/router'));

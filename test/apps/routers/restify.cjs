require('./restify.routes.cjs')(require('restify'));

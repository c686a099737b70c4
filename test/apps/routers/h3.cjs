require('./h3.routes.cjs')(require('h3'));

require('./connect.routes.cjs')(require('connect'));

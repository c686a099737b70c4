require('./express.routes.cjs')(require('express4'));
